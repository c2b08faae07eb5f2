// What cannot be converted is refused by name, from config and headers alone, and the message says the way out.
using System.Text.Json.Nodes;
using IBert.Edge.Quantization.Checkpoints;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Checkpoints;

public sealed class CheckpointRefusalTests : IDisposable
{
    private readonly CheckpointWriter _model = RandomCheckpoint.Bert(hidden: 8, heads: 2, feedForward: 12, seed: 9);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_model_that_the_tests_below_break_is_sound() => Assert.Equal(["red", "green", "blue"], Checkpoint.Load(_model.Write()).Config.Labels);

    [Theory]
    [InlineData("position_embedding_type", "\"relative_key_query\"", "relative positions", "absolute positions")]
    [InlineData("model_type", "\"roberta\"", "'BertForSequenceClassification' is not a text classifier of model_type roberta", "RobertaForSequenceClassification")]
    [InlineData("model_type", "\"xlm-roberta\"", "'xlm-roberta' is not supported", "bert, distilbert, roberta and ibert are")]
    [InlineData("model_type", "\"camembert\"", "'camembert' is not supported", "bert, distilbert, roberta and ibert are")]
    [InlineData("architectures", "[\"BertForMaskedLM\"]", "'BertForMaskedLM' is not a text classifier", "Fine-tune")]
    [InlineData("architectures", "[\"BertForTokenClassification\"]", "'BertForTokenClassification'", "Fine-tune")]
    [InlineData("problem_type", "\"regression\"", "'problem_type' is regression, of 3 values", "num_labels 1")]
    [InlineData("problem_type", "\"other\"", "'other'", "single_label_classification")]
    [InlineData("id2label", "{\"0\": \"score\"}", "'classifier.weight' has the shape [3, 8]", "[1, 8]")]
    [InlineData("id2label", "{}", "'id2label' is empty", "needs labels")]
    [InlineData("id2label", "{\"0\": \"a\", \"1\": \"b\\n\"}", "label 1 has the control character U+000A", "in 'id2label'")]
    [InlineData("id2label", "{\"0\": \"a\", \"1\": \"\"}", "label 1 has no name", "in 'id2label'")]
    [InlineData("id2label", "{\"0\": \"a\", \"1\": \"a\"}", "labels 0 and 1 have the same name", "in 'id2label'")]
    [InlineData("id2label", "[\"a\", \"b\"]", "'id2label'", "an object from index to label")]
    [InlineData("id2label", "{\"0\": \"a\", \"2\": \"b\"}", "'id2label'", "0 to 1")]
    [InlineData("id2label", "{\"0\": \"a\", \"00\": \"b\"}", "'id2label'", "each once")]
    [InlineData("id2label", "{\"0\": \"a\", \"-1\": \"b\"}", "'id2label'", "'-1'")]
    [InlineData("id2label", "{\"0\": \"a\", \"1\": {}}", "'id2label' is {}", "a text")]
    [InlineData("id2label", "{\"0\": \"a\", \"1\": \"b\"}", "'classifier.weight' has the shape [3, 8]", "[2, 8]")]
    [InlineData("is_decoder", "true", "'is_decoder' is true", "encoder")]
    [InlineData("is_decoder", "1", "'is_decoder' is 1", "true or false")]
    [InlineData("add_cross_attention", "true", "'add_cross_attention' is true", "encoder")]
    [InlineData("quantization_config", "{\"quant_method\": \"bitsandbytes\"}", "quantized weights are not supported", "made from")]
    [InlineData("pruned_heads", "{\"0\": [1]}", "'pruned_heads' is not empty", "before pruning")]
    [InlineData("hidden_act", "\"silu\"", "'silu'", "gelu, gelu_new and relu")]
    [InlineData("hidden_act", "7", "'hidden_act' is 7", "a text")]
    [InlineData("num_attention_heads", "3", "'hidden_size' 8 is not a multiple of 'num_attention_heads' 3", "correct")]
    [InlineData("num_attention_heads", "0", "'num_attention_heads' is 0", "from 1")]
    [InlineData("hidden_size", "\"8\"", "'hidden_size' is \"8\"", "whole number")]
    [InlineData("hidden_size", "8.5", "'hidden_size' is 8.5", "whole number")]
    [InlineData("hidden_size", "99999999999999999999", "'hidden_size' is 99999999999999999999", "whole number")]
    [InlineData("hidden_size", "10", "[50, 8]", "[50, 10]")]
    [InlineData("intermediate_size", "13", "[12, 8]", "[13, 8]")]
    [InlineData("vocab_size", "51", "[50, 8]", "[51, 8]")]
    [InlineData("num_hidden_layers", "3", "lack the tensor 'encoder.layer.2.attention.self.query.weight'", "not of the same model")]
    [InlineData("num_hidden_layers", "-1", "'num_hidden_layers' is -1", "from 1")]
    [InlineData("max_position_embeddings", "1", "'max_position_embeddings' is 1", "from 2")]
    [InlineData("layer_norm_eps", "-1", "'layer_norm_eps' is -1", "from 1E-20 to 1")]
    [InlineData("pad_token_id", "50", "'pad_token_id' is 50", "from 0 to 49")]
    public void Config_fields(string field, string value, string what, string way)
    {
        _model.Config[field] = JsonNode.Parse(value);
        AssertRefused(_model.Write(), what, way);
    }

    [Fact]
    public void One_label_that_would_always_be_right()
    {
        using CheckpointWriter one = RandomCheckpoint.Bert(8, 2, 12, seed: 9, labels: 1);
        one.Config["problem_type"] = "single_label_classification";
        AssertRefused(one.Write(), "with one label, which would always be right", "correct the file");
    }

    [Fact]
    public void A_RoBERTa_whose_positions_leave_no_room()
    {
        using CheckpointWriter roberta = RandomCheckpoint.Roberta(8, 2, 12, seed: 9);
        roberta.Config["max_position_embeddings"] = 3;
        AssertRefused(roberta.Write(), "positions begin at 'pad_token_id' + 1 = 2, and 'max_position_embeddings' is 3", "correct the file");
    }

    [Theory]
    [InlineData("classifier.out_proj.weight", "lack the tensor 'classifier.out_proj.weight'", "AutoModelForSequenceClassification")]
    [InlineData("classifier.dense.bias", "lack the tensor 'classifier.dense.bias'", "not saved whole")]
    public void A_RoBERTa_without_its_head(string name, string what, string way)
    {
        using CheckpointWriter roberta = RandomCheckpoint.Roberta(8, 2, 12, seed: 9);
        roberta.Tensors.Remove(name);
        AssertRefused(roberta.Write(), what, way);
    }

    [Fact]
    public void A_config_that_names_no_architecture()
    {
        _model.Config.Remove("model_type");
        _model.Config.Remove("architectures");
        AssertRefused(_model.Write(), "neither 'model_type' nor 'architectures'", "bert, distilbert, roberta and ibert");
    }

    [Theory]
    [InlineData("", "not well-formed JSON")]
    [InlineData("{\"a\": ", "not well-formed JSON")]
    [InlineData("not json", "not well-formed JSON")]
    [InlineData("[]", "an object was expected")]
    [InlineData("{\"model_type\": \"\\ud800\"}", "not well-formed JSON")]
    [InlineData("{\"id2label\": {\"\\ud800\": \"a\"}}", "not well-formed JSON")]
    public void Malformed_config(string text, string what)
    {
        string folder = _model.Write();
        File.WriteAllText(Path.Combine(folder, "config.json"), text);
        AssertRefused(folder, what, "config.json");
    }

    [Fact]
    public void Missing_folder_and_files()
    {
        string folder = _model.Write();
        AssertRefused(Path.Combine(folder, "none"), "no such folder", "config.json");
        AssertRefused(Path.Combine(folder, "config.json"), "is a file", "give the folder");
        File.Delete(Path.Combine(folder, "model.safetensors"));
        AssertRefused(folder, "neither model.safetensors nor model.safetensors.index.json", "download");
        File.Delete(Path.Combine(folder, "config.json"));
        AssertRefused(folder, "config.json: is missing", "save_pretrained");
    }

    [Theory]
    [InlineData("pytorch_model.bin", "a pickle", "safe_serialization=True")]
    [InlineData("pytorch_model-00001-of-00002.bin", "a pickle", "safe_serialization=True")]
    [InlineData("tf_model.h5", "TensorFlow", "from_tf=True")]
    [InlineData("flax_model.msgpack", "Flax", "from_flax=True")]
    [InlineData("adapter_model.safetensors", "an adapter", "merge_and_unload")]
    [InlineData("model.onnx", "an exported graph", "Hugging Face checkpoint")]
    [InlineData("weights.safetensors", "not under the name", "rename it to model.safetensors")]
    public void Weights_in_another_format(string name, string what, string way)
    {
        string folder = _model.Write();
        File.Move(Path.Combine(folder, "model.safetensors"), Path.Combine(folder, name));
        AssertRefused(folder, name, what);
        AssertRefused(folder, what, way);
    }

    [Theory]
    [InlineData("classifier.weight", "lack the tensor 'classifier.weight'", "AutoModelForSequenceClassification")]
    [InlineData("bert.pooler.dense.bias", "lack the tensor 'pooler.dense.bias'", "not saved whole")]
    [InlineData("bert.embeddings.LayerNorm.weight", "lack the tensor 'embeddings.LayerNorm.weight'", "not of the same model")]
    public void Missing_tensors(string name, string what, string way)
    {
        _model.Tensors.Remove(name);
        AssertRefused(_model.Write(), what, way);
    }

    [Fact]
    public void Missing_tensors_are_found_before_values_are_read()
    {
        // Were the first layer read first, its NaN would be the complaint.
        _model.Tensors["bert.embeddings.word_embeddings.weight"].Values[0] = float.NaN;
        _model.Tensors.Remove("classifier.bias");
        AssertRefused(_model.Write(), "classifier.bias", "lack the tensor");
    }

    [Fact]
    public void Values_that_are_not_finite()
    {
        _model.Tensors["bert.encoder.layer.1.output.dense.bias"].Values[3] = float.NaN;
        AssertRefused(_model.Write(), "'bert.encoder.layer.1.output.dense.bias'", "NaN");
    }

    [Fact]
    public void Integer_weights()
    {
        _model.Tensors["classifier.weight"] = _model.Tensors["classifier.weight"] with { Type = "I64" };
        AssertRefused(_model.Write(), "'classifier.weight' is of type I64", "unquantized");
    }

    [Fact]
    public void A_position_table_of_sines_that_was_not_saved()
    {
        using CheckpointWriter distil = RandomCheckpoint.Bert(8, 2, 12, seed: 9);
        distil.Config["model_type"] = "distilbert";
        distil.Config["architectures"] = new JsonArray("DistilBertForSequenceClassification");
        distil.Config["hidden_dim"] = 12;
        distil.Config["sinusoidal_pos_embds"] = true;
        distil.Rename(name => name.Replace("bert.", "distilbert.")).Tensors.Remove("distilbert.embeddings.position_embeddings.weight");
        AssertRefused(distil.Write(), "'sinusoidal_pos_embds' is true", "save it again");
    }

    [Theory]
    [InlineData("{}", "has no 'weight_map'")]
    [InlineData("""{"weight_map": {}}""", "has no 'weight_map'")]
    [InlineData("""{"weight_map": {"a": 1}}""", "'weight_map' is 1")]
    [InlineData("""{"weight_map": {"a": "../model-00001-of-00002.safetensors"}}""", "in the same folder")]
    [InlineData("""{"weight_map": {"a": "/etc/passwd"}}""", "in the same folder")]
    [InlineData("""{"weight_map": {"a": "config.json"}}""", "in the same folder")]
    [InlineData("""{"weight_map": {"a": ""}}""", "in the same folder")]
    [InlineData("""{"weight_map": {"a": "model-00003-of-00003.safetensors"}}""", "is missing")]
    [InlineData("""{"weight_map": {"a": "model-00001-of-00002.safetensors"}}""", "where it is not")]
    [InlineData("""{"weight_map": """, "not well-formed")]
    public void A_broken_index(string index, string what)
    {
        string folder = _model.Write(shards: 2);
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), index);
        AssertRefused(folder, what, "safetensors");
    }

    [Fact]
    public void A_tensor_in_two_shards()
    {
        string folder = _model.Write(shards: 2);
        File.Copy(Path.Combine(folder, "model-00001-of-00002.safetensors"), Path.Combine(folder, "model-00002-of-00002.safetensors"), overwrite: true);
        AssertRefused(folder, "is in model-00001-of-00002.safetensors too", "save the model again");
    }

    [Fact]
    public void A_shard_that_is_cut_off()
    {
        string folder = _model.Write(shards: 2);
        string shard = Path.Combine(folder, "model-00002-of-00002.safetensors");
        File.WriteAllBytes(shard, File.ReadAllBytes(shard)[..^4]);
        AssertRefused(folder, "model-00002-of-00002.safetensors", "download it or save the model again");
    }

    private static void AssertRefused(string folder, string what, string way)
    {
        string message = Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder)).Message;
        Assert.Contains(what, message);
        Assert.Contains(way, message);
    }
}
