// Every kind of checkpoint that is refused, with what provokes it. What each is told stands in messages.txt, to be read as a whole.
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using IBert.Edge.Checkpoints;
using IBert.Edge.Files;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;

namespace IBert.Edge.Quantization.Tests.Refusals;

/// <summary>A kind of checkpoint that is refused.</summary>
/// <param name="Kind">What is wrong with it; the name of its test.</param>
/// <param name="Change">Changes the model before it is written; null for a sound one.</param>
/// <param name="Break">Breaks the files that were written; null for none.</param>
internal sealed record Refusal(string Kind, Action<BrokenCheckpoint>? Change, Action<BrokenCheckpoint>? Break = null)
{
    /// <summary>The model to begin with; null for a BERT of three labels.</summary>
    public Func<CheckpointWriter>? Model { get; init; }

    /// <summary>Number of weight files.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>What is done with the checkpoint; null: it is converted.</summary>
    public Action<BrokenCheckpoint>? Use { get; init; }
}

internal static partial class RefusalTable
{
    private const string Config = "config.json", Weights = "model.safetensors", Index = "model.safetensors.index.json",
        Tokenizer = "tokenizer.json", Vocabulary = "vocab.txt";

    private const string Entry = "\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}";

    public static IReadOnlyList<Refusal> All { get; } = [.. Folders(), .. Files(), .. ConfigFiles(), .. ConfigFields(), .. Labels(),
        .. WeightFormats(), .. Shards(), .. Tensors(), .. Heads(), .. Headers(), .. Integers(), .. Written(), .. Values(), .. Uses(),
        .. Tokenizers()];

    private static Refusal Field(string kind, string field, string json) => new(kind, b => b.Config(field, json));

    /// <summary>Folders that are no checkpoint as save_pretrained() writes it.</summary>
    private static IEnumerable<Refusal> Folders()
    {
        yield return new("a folder that is not there", null) { Use = b => Quantizer.Quantize(b["none"]) };
        yield return new("a name on the Hub", null)
        {
            Use = _ => Quantizer.Quantize("distilbert/distilbert-base-uncased-finetuned-sst-2-english"),
        };
        yield return new("a folder without a name", null) { Use = _ => Quantizer.Quantize("") };
        yield return new("a file in place of the folder", null) { Use = b => Quantizer.Quantize(b[Weights]) };
        yield return new("a folder without config.json", null, b =>
        {
            b.Delete(Config);
            b.Delete(Weights);
        });
        yield return new("weights alone", null, b => b.Delete(Config));
        yield return new("config.json in a folder below", null, b =>
        {
            Directory.CreateDirectory(b["checkpoint-500"]);
            b.Move(Config, "checkpoint-500/config.json");
            b.Move(Weights, "checkpoint-500/model.safetensors");
        });
        yield return new("the Hub's cache", null, b =>
        {
            foreach (string revision in (string[])["a1", "b2", "c3"])
            {
                Directory.CreateDirectory(b[$"snapshots/{revision}"]);
                b.Copy(Config, $"snapshots/{revision}/config.json");
            }
            b.Delete(Config);
            b.Delete(Weights);
        });
        yield return new("an adapter", null, b =>
        {
            b.Delete(Config);
            b.Move(Weights, "adapter_model.safetensors");
            b.Text("adapter_config.json", """{"peft_type": "LORA", "base_model_name_or_path": "google-bert/bert-base-uncased"}""");
        });
        yield return new("an adapter with a broken adapter_config.json", null, b =>
        {
            b.Delete(Config);
            b.Move(Weights, "adapter_model.safetensors");
            b.Text("adapter_config.json", "{");
        });
        yield return new("an adapter's weights with a config.json", null, b => b.Move(Weights, "adapter_model.bin"));
        yield return new("no weights", null, b => b.Delete(Weights));
        foreach (string name in (string[])
            ["pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "epoch=3.ckpt", "model.pt", "model.pth", "tf_model.h5",
            "saved_model.pb", "flax_model.msgpack", "rust_model.ot", "model.onnx", "model.Q8_0.gguf", "model.tflite", "openvino_model.xml",
            "model.ibert", "weights.safetensors"])
        {
            yield return new($"{name} in place of the weights", null, b => b.Move(Weights, name));
        }
        yield return new("pytorch_model.bin and no config.json", null, b =>
        {
            b.Delete(Config);
            b.Move(Weights, "pytorch_model.bin");
        });
    }

    /// <summary>What names lead to: links, devices, pipes, sockets, folders; and files of any length.</summary>
    private static IEnumerable<Refusal> Files()
    {
        string[] names = [Config, Weights, Tokenizer, "tokenizer_config.json", "special_tokens_map.json", Vocabulary];
        foreach (string name in names)
        {
            yield return new($"{name} is a pipe", null, b => b.Pipe(name));
            yield return new($"{name} is a link to a device", null, b => b.Link(name, "/dev/zero"));
        }
        yield return new("config.json is a socket", null, b => b.Socket(Config));
        yield return new("config.json is a folder", null, b => b.Directory(Config));
        yield return new("model.safetensors is a folder", null, b => b.Directory(Weights));
        yield return new("vocab.txt is a folder", null, b => b.Directory(Vocabulary));
        yield return new("config.json is a link to nothing", null, b => b.Link(Config, "../../blobs/0123456789"));
        yield return new("model.safetensors is a link to nothing", null, b => b.Link(Weights, "../../blobs/0123456789"));
        yield return new("tokenizer.json is a link to itself", null, b => b.Link(Tokenizer, "tokenizer.json"));
        yield return new("config.json is a link to a pipe", null, b =>
        {
            b.Pipe("pipe");
            b.Link(Config, "pipe");
        });
        yield return new("config.json is a link to a large file", null, b =>
        {
            b.Sparse("large", 150L << 20);
            b.Link(Config, "large");
        });
        yield return new("config.json is a link to what has no length", null, b => b.Link(Config, "/proc/self/status"));
        yield return new("config.json is a link to what cannot be read", null, b => b.Link(Config, "/proc/self/mem"));
        yield return new("tokenizer.json is large", null, b => b.Sparse(Tokenizer, 4_200_000_000));
        yield return new("tokenizer_config.json is large", null, b => b.Sparse("tokenizer_config.json", 100_000_000));
        yield return new("vocab.txt is large", null, b => b.Sparse(Vocabulary, 4_200_000_000));
        yield return new("model.safetensors is large", null, b => b.Sparse(Weights, 20L << 30));
        yield return new("the index is large", null, b => b.Sparse(Index, 200L << 20)) { Shards = 2 };
        yield return new("the index is a pipe", null, b => b.Pipe(Index)) { Shards = 2 };
        yield return new("a shard is a pipe", null, b => b.Pipe("model-00002-of-00002.safetensors")) { Shards = 2 };
        yield return new("a shard is a link to nothing", null, b => b.Link("model-00002-of-00002.safetensors", "nothing")) { Shards = 2 };
        yield return new("a shard has a name that no file can have", null, b => b.Replace(
            Index, "model-00002-of-00002", new string('n', 300)))
        { Shards = 2 };
        foreach (string name in (string[])[Config, Weights, Vocabulary, Tokenizer])
        {
            yield return new($"{name} is a Git LFS pointer", null, b => b.Text(
                name, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 17\n"));
            yield return new($"{name} is a web page", null, b => b.Text(name, "<!DOCTYPE html>\n<html lang=\"en\"></html>"));
        }
        yield return new("model.safetensors is a .bin file renamed", null, b => b.Bytes(Weights, [0x50, 0x4B, 3, 4, .. new byte[60]]));
        yield return new("model.safetensors is an older .bin file renamed", null, b => b.Bytes(Weights, [0x80, 2, .. new byte[62]]));
        yield return new("model.safetensors is a GGUF file renamed", null, b => b.Bytes(Weights, [.. "GGUF"u8, .. new byte[60]]));
        yield return new("config.json is compressed", null, b => b.Bytes(Config, [0x1F, 0x8B, 8, .. new byte[60]]));
        yield return new("config.json is binary", null, b => b.Bytes(Config, [1, 2, 3, 0, 4, 5, 6, 7, 8, 9]));
    }

    /// <summary>A config.json that is none.</summary>
    private static IEnumerable<Refusal> ConfigFiles()
    {
        foreach ((string kind, string text) in ((string, string)[])
            [("empty", ""), ("cut off", "{\"a\": "), ("no JSON",
                "model_type: bert"), ("a list", "[]"), ("a number", "7"), ("two objects", "{} {}"), ("NaN", "{\"layer_norm_eps\": NaN}"),
            ("a comment", "{} // of mine"), ("a comma too many", "{\"a\": 1,}"),
            ("a half of a surrogate pair", "{\"model_type\": \"\\ud800\"}"),
            ("a name that is half a surrogate pair", "{\"id2label\": {\"\\ud800\": \"a\"}}"),
            ("a field twice", "{\"hidden_size\": 8, \"hidden_size\": 16}"),
            ("nested without end", string.Concat(Enumerable.Repeat("[", 1_000_000))),
            ("nested objects", string.Concat(Enumerable.Repeat("{\"a\":", 1_000_000)))])
        {
            yield return new($"config.json: {kind}", null, b => b.Text(Config, text));
        }
        yield return new("config.json in UTF-16", null, b => File.WriteAllText(b[Config], File.ReadAllText(b[Config]), Encoding.Unicode));
        yield return new("config.json in UTF-16, big-endian, without a mark", null, b => b.Bytes(
            Config, Encoding.BigEndianUnicode.GetBytes(File.ReadAllText(b[Config]))));
        yield return new("config.json in UTF-32", null, b => File.WriteAllText(b[Config], File.ReadAllText(b[Config]), Encoding.UTF32));
        yield return new("config.json in Latin-1", b => b.Config("id2label", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"caf\u00E9\"}"), b =>
            File.WriteAllText(b[Config], File.ReadAllText(b[Config]).Replace("\\u00E9", "\u00E9"), Encoding.Latin1));
    }

    /// <summary>Fields of a config.json that no model has, or that cannot be converted.</summary>
    private static IEnumerable<Refusal> ConfigFields()
    {
        foreach (string type in (string[])
            ["albert", "electra", "deberta", "deberta-v2", "mpnet", "xlm-roberta", "xlm-roberta-xl", "camembert", "xlnet", "mobilebert",
            "squeezebert", "convbert", "roberta-prelayernorm", "modernbert", "nomic_bert", "bart", "t5", "gpt2", "BERT",
            "my\u001b[2Jmodel\n"])
        {
            yield return Field($"model_type {OneLineOf(type)}", "model_type", JsonValue.Create(type).ToJsonString());
        }
        yield return Field("model_type of the wrong kind", "model_type", "7");
        yield return new("neither model_type nor architectures", b =>
        {
            b.Model.Config.Remove("model_type");
            b.Model.Config.Remove("architectures");
        });
        yield return new("an unknown class without model_type", b =>
        {
            b.Model.Config.Remove("model_type");
            b.Config("architectures", "[\"ElectraForSequenceClassification\"]");
        });
        foreach (string name in (string[])
            ["BertModel", "BertForMaskedLM", "BertForTokenClassification", "BertForQuestionAnswering", "BertForMultipleChoice",
                "RobertaForSequenceClassification"])
        {
            yield return Field($"architectures {name}", "architectures", $"[\"{name}\"]");
        }
        yield return Field("architectures as a text", "architectures", "\"BertForMaskedLM\"");
        yield return Field("architectures of numbers", "architectures", "[7]");
        yield return Field("relative positions", "position_embedding_type", "\"relative_key_query\"");
        yield return Field("positions of another kind", "position_embedding_type", "\"alibi\"");
        yield return Field("a decoder", "is_decoder", "true");
        yield return Field("is_decoder of the wrong kind", "is_decoder", "1");
        yield return Field("cross attention", "add_cross_attention", "true");
        yield return Field(
            "quantized by bitsandbytes", "quantization_config", "{\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true}");
        yield return Field("quantized by GPTQ", "quantization_config", "{\"quant_method\": \"gptq\", \"bits\": 4}");
        yield return Field("quantized by a method without a name", "quantization_config", "{\"bits\": 4}");
        yield return Field("quantization_config of the wrong kind", "quantization_config", "[]");
        yield return Field("pruned heads", "pruned_heads", "{\"0\": [1]}");
        yield return Field("pruned_heads of the wrong kind", "pruned_heads", "[0]");
        yield return Field("an activation that is not known", "hidden_act", "\"silu\"");
        yield return Field("an activation of the wrong kind", "hidden_act", "7");
        yield return Field("heads that do not divide the width", "num_attention_heads", "3");
        yield return Field("no heads", "num_attention_heads", "0");
        yield return Field("a width in quotes", "hidden_size", "\"8\"");
        yield return Field("a width with a fraction", "hidden_size", "8.5");
        yield return Field("a width beyond 64 bits", "hidden_size", "99999999999999999999");
        yield return Field("layers below zero", "num_hidden_layers", "-1");
        yield return Field("a thousand and more layers", "num_hidden_layers", "100000");
        yield return Field("one position", "max_position_embeddings", "1");
        yield return Field("no token types", "type_vocab_size", "0");
        yield return Field("no vocabulary", "vocab_size", "0");
        yield return Field("an epsilon below zero", "layer_norm_eps", "-1");
        yield return Field("an epsilon in quotes", "layer_norm_eps", "\"1e-12\"");
        yield return new("a model of 2^48 weights", b =>
        {
            b.Config("vocab_size", "16777216");
            b.Config("hidden_size", "16777216");
        });
        yield return Field("regression of several values", "problem_type", "\"regression\"");
        yield return Field("a problem_type that is not known", "problem_type", "\"ranking\"");
        yield return Field("a problem_type of the wrong kind", "problem_type", "[]");
        yield return new("one label that would always be right", b => b.Config("problem_type", "\"single_label_classification\""))
        {
            Model = () => RandomCheckpoint.Bert(8, 2, 12, seed: 9, labels: 1),
        };
        yield return new("a RoBERTa whose positions leave no room", b => b.Config("max_position_embeddings", "3")) { Model = Roberta };
        yield return new("a RoBERTa whose padding token is outside of the vocabulary", b => b.Config("pad_token_id", "50"))
        {
            Model = Roberta,
        };
    }

    /// <summary>Labels that a program could not print, or a person not tell apart.</summary>
    private static IEnumerable<Refusal> Labels()
    {
        foreach ((string kind, string json) in ((string, string)[])
            [
                ("none", "{}"), ("a list", "[\"a\", \"b\", \"c\"]"), ("a hole", "{\"0\": \"a\", \"1\": \"b\", \"3\": \"c\"}"),
                ("an index below zero", "{\"0\": \"a\", \"1\": \"b\", \"-1\": \"c\"}"),
                ("an index that is no number", "{\"0\": \"a\", \"1\": \"b\", \"two\": \"c\"}"),
                ("an index twice", "{\"0\": \"a\", \"1\": \"b\", \"01\": \"c\"}"),
                ("an index beyond 32 bits", "{\"0\": \"a\", \"1\": \"b\", \"99999999999\": \"c\"}"),
                ("a name that is an object", "{\"0\": \"a\", \"1\": \"b\", \"2\": {}}"),
                ("a name that is null", "{\"0\": \"a\", \"1\": \"b\", \"2\": null}"),
                ("a name twice", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"a\"}"),
                ("an empty name", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"\"}"),
                ("a name of spaces", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"  \"}"),
                ("an escape sequence", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"pos\\u001b[2J\\nok\"}"),
                ("a tab", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\\td\"}"),
                ("a line feed", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\\nd\"}"),
                ("DEL", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\\u007f\"}"),
                ("a control character of C1", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\\u009b31m\"}"),
                ("a line separator", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\\u2028d\"}"),
                ("a paragraph separator", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\\u2029d\"}"),
                ("a bidirectional override", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"\\u202egnorw\"}"),
                ("a bidirectional isolate", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"\\u2066c\"}"),
                ("a zero byte", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\\u0000\"}"),
                ("a very long name", $"{{\"0\": \"a\", \"1\": \"b\", \"2\": \"{new string('c', 5000)}\"}}"),
                ("fewer than the classifier has", "{\"0\": \"a\", \"1\": \"b\"}"),
                ("more than the classifier has", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\", \"3\": \"d\"}"),
                ("one where the classifier has three", "{\"0\": \"score\"}"),
            ])
        {
            yield return Field($"labels: {kind}", "id2label", json);
        }
        yield return new("labels: a number of them that the classifier has not", b =>
        {
            b.Model.Config.Remove("id2label");
            b.Config("num_labels", "5");
        });
        yield return new("labels: neither names nor their number", b => b.Model.Config.Remove("id2label"));
        yield return new("labels: no number", b =>
        {
            b.Model.Config.Remove("id2label");
            b.Config("num_labels", "0");
        });
    }

    /// <summary>Tensors of types that are no weights.</summary>
    private static IEnumerable<Refusal> WeightFormats()
    {
        foreach (string type in (string[])["F64", "I8", "U8", "I64", "F8_E4M3", "BOOL"])
        {
            yield return new($"weights of type {type}", null, b => b.Bytes(Weights, Retyped(b, "classifier.weight", type)));
        }
        yield return new("weights of a type that is not known", null, b => b.Replace(
            Weights, "\"classifier.weight\":{\"dtype\":\"F32\"", "\"classifier.weight\":{\"dtype\":\"F4X\""));
    }

    /// <summary>An index that does not fit its shards.</summary>
    private static IEnumerable<Refusal> Shards()
    {
        foreach ((string kind, string text) in ((string, string)[])
            [
                ("cut off", """{"weight_map": """), ("without weight_map", "{}"), ("with an empty weight_map", """{"weight_map": {}}"""),
                ("of the wrong kind", """{"weight_map": []}"""),
                ("that names a number", """{"weight_map": {"a": 1}}"""),
                ("that names a file above", """{"weight_map": {"a": "../model-00001-of-00002.safetensors"}}"""),
                ("that names a file of the machine", """{"weight_map": {"a": "/etc/passwd"}}"""),
                ("that names a file below", """{"weight_map": {"a": "b/c.safetensors"}}"""),
                ("that names another file of the folder", """{"weight_map": {"a": "config.json"}}"""),
                ("that names nothing", """{"weight_map": {"a": ""}}"""),
                ("with a backslash", """{"weight_map": {"a": "..\\c.safetensors"}}"""),
                ("that names a missing file", """{"weight_map": {"a": "model-00003-of-00003.safetensors"}}"""),
                ("that names a tensor elsewhere", """{"weight_map": {"a": "model-00001-of-00002.safetensors"}}"""),
                ("that names a tensor twice",
                    """{"weight_map": {"a": "model-00001-of-00002.safetensors", "a": "model-00002-of-00002.safetensors"}}"""),
            ])
        {
            yield return new($"an index {kind}", null, b => b.Text(Index, text)) { Shards = 2 };
        }
        yield return new("a tensor in two shards", null, b => b.Copy(
            "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"))
        { Shards = 2 };
        yield return new("a shard that is cut off", null, b =>
            b.Bytes("model-00002-of-00002.safetensors", File.ReadAllBytes(b["model-00002-of-00002.safetensors"])[..^4]))
        { Shards = 2 };
        yield return new("a shard that its index leaves out", null, b =>
        {
            JsonNode index = JsonNode.Parse(File.ReadAllText(b[Index]))!;
            JsonObject map = index["weight_map"]!.AsObject();
            foreach (string name in map.Where(entry => (string)entry.Value! == "model-00002-of-00002.safetensors")
                .Select(entry => entry.Key).ToArray())
            {
                map.Remove(name);
            }
            b.Text(Index, index.ToJsonString());
        })
        { Shards = 2 };
    }

    /// <summary>Tensors that are not there, or of another shape than config.json says.</summary>
    private static IEnumerable<Refusal> Tensors()
    {
        foreach (string name in (string[])["bert.embeddings.word_embeddings.weight", "bert.embeddings.LayerNorm.weight",
            "bert.encoder.layer.1.output.dense.bias", "bert.pooler.dense.bias"])
        {
            yield return new($"without {name}", b => b.Model.Tensors.Remove(name));
        }
        yield return Field("more layers than the weights have", "num_hidden_layers", "3");
        yield return Field("another width than the weights have", "hidden_size", "10");
        yield return Field("another width between the layers", "intermediate_size", "13");
        yield return Field("another vocabulary", "vocab_size", "51");
        yield return Field("another number of positions", "max_position_embeddings", "65");
        yield return Field("another number of token types", "type_vocab_size", "1");
        yield return new("a tensor of another rank", b =>
            b.Model.Tensors["bert.pooler.dense.weight"] = b.Model.Tensors["bert.pooler.dense.weight"] with { Shape = [64] });
        yield return new("a DistilBERT of another width between the layers", b => b.Config("hidden_dim", "13")) { Model = Distil };
        yield return new("a DistilBERT with more layers than the weights have", b => b.Config("n_layers", "3")) { Model = Distil };
        yield return new("a DistilBERT whose positions were not saved", b =>
        {
            b.Config("sinusoidal_pos_embds", "true");
            b.Model.Tensors.Remove("distilbert.embeddings.position_embeddings.weight");
        })
        { Model = Distil };
        yield return new("weights of another architecture", b => b.Model.Rename(name => name.Replace("bert.", "electra.")));
        yield return new("two models in one file", b =>
        {
            foreach ((string name, TestTensor tensor) in b.Model.Tensors.ToArray())
            {
                b.Model.Tensors.Add("teacher." + name, tensor);
            }
            b.Model.Rename(name => name.StartsWith("teacher.", StringComparison.Ordinal) ? name : "student." + name);
        });
        yield return new("quantized weights without a word of it in config.json", b => b.Model.Rename(
            name => name.Replace("query.weight", "query.qweight")));
        yield return new("an adapter that is not merged", b =>
        {
            b.Model.Rename(name => "base_model.model." + name.Replace("query.weight", "query.base_layer.weight"));
            b.Model.Tensors.Add(
                "base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.default.weight", new TestTensor("F32", [1], [1]));
        });
        yield return new("no tensor at all", null, b => b.Weights("{}"));
    }

    /// <summary>Models that do something else than classify texts.</summary>
    private static IEnumerable<Refusal> Heads()
    {
        foreach ((string kind, string name) in ((string, string)[])
            [
                ("answers questions", "qa_outputs.weight"), ("fills gaps", "cls.predictions.bias"),
                ("fills gaps, of RoBERTa", "lm_head.bias"), ("fills gaps, of DistilBERT", "vocab_projector.bias"),
                ("says what follows", "cls.seq_relationship.weight"),
            ])
        {
            yield return new($"a model that {kind}", b =>
            {
                b.Model.Config.Remove("architectures");
                b.Model.Tensors.Remove("classifier.weight");
                b.Model.Tensors.Add(name, new TestTensor("F32", [1], [1]));
            });
        }
        yield return new("a base model", b =>
        {
            b.Model.Config.Remove("architectures");
            b.Model.Tensors.Remove("classifier.weight");
            b.Model.Tensors.Remove("classifier.bias");
        });
        yield return new("a token classifier without architectures", b =>
        {
            b.Model.Config.Remove("architectures");
            b.Model.Tensors.Remove("bert.pooler.dense.weight");
            b.Model.Tensors.Remove("bert.pooler.dense.bias");
        });
        yield return new("a RoBERTa that is a token classifier, without architectures", b =>
        {
            b.Model.Config.Remove("architectures");
            b.Model.Tensors.Remove("classifier.dense.weight");
            b.Model.Tensors.Remove("classifier.dense.bias");
            b.Model.Rename(name => name.Replace("classifier.out_proj", "classifier"));
        })
        { Model = Roberta };
        yield return new("a RoBERTa without its classifier", b => b.Model.Tensors.Remove("classifier.out_proj.weight")) { Model = Roberta };
        yield return new("a RoBERTa without its classifier's dense layer", b => b.Model.Tensors.Remove("classifier.dense.bias"))
        {
            Model = Roberta,
        };
    }

    /// <summary>Headers of safetensors that break a rule of the format.</summary>
    private static IEnumerable<Refusal> Headers()
    {
        (string Kind, string Header, int Data)[] headers =
        [
            ("no object", "[]", 0), ("no JSON", "{a", 0), ("something behind the object", "{} {}", 0),
            ("nested without end", "{\"a\":" + string.Concat(Enumerable.Repeat("[", 100_000)), 0),
            ("a tensor twice", $"{{{Entry}, {Entry}}}", 4), ("metadata twice", "{\"__metadata__\": {}, \"__metadata__\": {}}", 0),
            ("a tensor that is a number", "{\"a\": 1}", 0),
            ("a dtype twice", Entry.Replace("\"shape\"", "\"dtype\": \"F16\", \"shape\""), 4),
            ("a dtype that is a number", Entry.Replace("\"F32\"", "4"), 4),
            ("no dtype", Entry.Replace("dtype", "type"), 4), ("no shape", Entry.Replace("shape", "size"), 4),
            ("one offset", Entry.Replace("0, 4", "0"), 4), ("a shape that is a number", Entry.Replace("[1]", "1"), 4),
            ("a dimension below zero", Entry.Replace("[1]", "[-1]"), 4), ("a dimension with a fraction", Entry.Replace("[1]", "[1.5]"), 4),
            ("a size beyond 64 bits", Entry.Replace("[1]", "[4294967296, 4294967296, 4]"), 4),
            ("a huge shape of nothing", Entry.Replace("[1]", "[9223372036854775807, 0]"), 4),
            ("offsets that run back", Entry.Replace("0, 4", "4, 0"), 4), ("offsets of another size", Entry.Replace("0, 4", "0, 8"), 8),
            ("a gap in front", Entry.Replace("0, 4", "4, 8"), 8),
            ("data behind the last tensor", Entry, 8), ("data that is cut off", Entry.Replace("[1]", "[2]").Replace("0, 4", "0, 8"), 4),
            ("two tensors in one place", Entry + ", " + Entry.Replace("\"a\"", "\"b\""), 4),
            ("half a surrogate pair", Entry.Replace("\"a\"", "\"\\ud800\""), 4),
            ("a name that steers a terminal", Entry.Replace("\"a\"", "\"\\u001b[2J\\n\"").Replace("[1]", "[2]"), 4),
            ("a very long name", Entry.Replace("\"a\"", $"\"{new string('a', 100_000)}\"").Replace("[1]", "[2]"), 4),
        ];
        foreach ((string kind, string header, int data) in headers)
        {
            yield return new($"a header with {kind}", null, b => b.Weights(header.StartsWith('"') ? $"{{{header}}}" : header, data));
        }
        yield return new("a file of seven bytes", null, b => b.Bytes(Weights, new byte[7]));
        yield return new("an empty file", null, b => b.Bytes(Weights));
        yield return new("a header that does not begin", null, b => b.Bytes(
            Weights, [2, 0, 0, 0, 0, 0, 0, 0, (byte)' ', (byte)'{', (byte)'}']));
        yield return new("a header of no length", null, b => b.Bytes(Weights, [0, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}']));
        yield return new("a header longer than the file", null, b => b.Bytes(Weights, [200, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}']));
        yield return new("a header longer than the format allows", null, b => b.Bytes(
            Weights, [255, 255, 255, 255, 255, 255, 255, 255, (byte)'{', (byte)'}']));
    }

    /// <summary>Checkpoints that say that they were trained in integer mode.</summary>
    private static IEnumerable<Refusal> Integers()
    {
        yield return new("an I-BERT without its ranges", null) { Model = IntegerTrained, Use = LoadIntegers };
        yield return new("an I-BERT that was not trained in integer mode", b =>
        {
            b.Model.Tensors.Add("ibert.embeddings.output_activation.x_min", new TestTensor("F32", [1], [-1e-5f]));
            b.Model.Tensors.Add("ibert.embeddings.output_activation.x_max", new TestTensor("F32", [1], [1e-5f]));
        })
        { Model = IntegerTrained, Use = LoadIntegers };
        yield return new("an I-BERT with a range of two numbers", b =>
        {
            b.Model.Tensors.Add("ibert.embeddings.output_activation.x_min", new TestTensor("F32", [2], [-1, -1]));
            b.Model.Tensors.Add("ibert.embeddings.output_activation.x_max", new TestTensor("F32", [2], [1, 1]));
        })
        { Model = IntegerTrained, Use = LoadIntegers };
        yield return new("the integers of a model that was not trained with them", null)
        {
            Use = b => Quantizer.Quantize(b.Folder, new QuantizerOptions { Scheme = QuantizationScheme.IBert }),
        };
    }

    /// <summary>Weights that are not written.</summary>
    private static IEnumerable<Refusal> Written()
    {
        yield return new("a weight that half precision has no number for", null) { Use = b => Save(b, 70_000, WeightType.F16) };
        yield return new("a weight that is no number, written", null) { Use = b => Save(b, float.NaN, WeightType.F32) };

        static void Save(BrokenCheckpoint b, float value, WeightType type)
        {
            Checkpoint checkpoint = Checkpoint.Load(b.Folder);
            checkpoint.Head.Dense.Bias[1] = value;
            checkpoint.Save(b["written"], type);
        }
    }

    /// <summary>Weights that no integers hold.</summary>
    private static IEnumerable<Refusal> Values()
    {
        foreach (float value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            yield return new($"a weight of {value.ToString(CultureInfo.InvariantCulture)}", b =>
                b.Model.Tensors["bert.encoder.layer.1.output.dense.bias"].Values[3] = value);
        }
        yield return new("a classifier's weight of almost infinity", b => b.Model.Tensors["classifier.weight"].Values[0] = float.MaxValue);
        yield return new("values beyond FP32", b => Scale(b, "bert.encoder.layer.1.attention.output.LayerNorm.weight", 1e38f));
        yield return new("sums beyond 32 bits", b =>
        {
            Scale(b, "bert.encoder.layer.1.attention.self.value.weight", 1e25f);
            Scale(b, "classifier.bias", 1e12f);
        });
        yield return new("a bias that drowns all else", b =>
            b.Model.Tensors["bert.encoder.layer.0.attention.self.value.bias"].Values[0] *= 1e25f);
        yield return new("scores of almost infinity", b =>
        {
            Scale(b, "bert.encoder.layer.0.attention.self.query.weight", 1e8f);
            Scale(b, "bert.encoder.layer.0.attention.self.key.weight", 1e8f);
        });
        yield return new("a gamma far larger than what it is given", b =>
        {
            b.Model.Tensors["bert.encoder.layer.1.output.LayerNorm.weight"].Values[0] *= 1e12f;
            b.Model.Tensors["bert.encoder.layer.1.output.dense.bias"].Values[0] *= 1e12f;
        });
    }

    /// <summary>Checkpoints that are sound, and not what they are used for.</summary>
    private static IEnumerable<Refusal> Uses()
    {
        yield return new("another tokenizer than the model's", null, b => File.AppendAllLines(
            b[Vocabulary], Enumerable.Range(0, 100).Select(i => $"word{i}")));
        yield return new("a model of other weights to compare with", null)
        {
            Use = b => Compare(b, model => model.Tensors["classifier.bias"].Values[0]++, forged: false),
        };
        yield return new("a model of another width to compare with", null)
        {
            Use = b => Compare(b, model => Replace(model, RandomCheckpoint.Bert(16, 2, 12, seed: 9)), forged: true),
        };
        yield return new("a model of more positions to compare with", null)
        {
            Use = b => Compare(
                b, model => Resize(model, "bert.embeddings.position_embeddings.weight", 80, "max_position_embeddings"), forged: true),
        };
        yield return new("weights that become shorter while they are read", null)
        {
            Use = b =>
            {
                using SafetensorsFile file = SafetensorsFile.Open(b[Weights]);
                using (FileStream stream = File.OpenWrite(b[Weights]))
                {
                    stream.SetLength(stream.Length - 4);
                }
                file.ReadFloats(file.Tensors.Values.MaxBy(tensor => tensor.End)!);
            },
        };
        yield return new("a tensor of more elements than an array has", null)
        {
            Use = b =>
            {
                b.Weights("{\"a\": {\"dtype\": \"F16\", \"shape\": [2147483648], \"data_offsets\": [0, 4294967296]}}");
                using (FileStream stream = File.OpenWrite(b[Weights]))
                {
                    stream.SetLength(stream.Length + 4294967296);
                }
                using SafetensorsFile file = SafetensorsFile.Open(b[Weights]);
                file.RequireFloats(file.Tensors["a"]);
            },
        };
        yield return new("a label that came past config.json", null) { Use = _ => new ModelBuilder().Build(16, default, ["a\n"], []) };
        yield return new("golden integers that are none", null)
        {
            Use = b =>
            {
                using SafetensorsFile file = SafetensorsFile.Open(b[Weights]);
                file.ReadIntegers(file.Tensors["classifier.weight"]);
            },
        };
    }

    /// <summary>A model's file and a checkpoint that it was not made from, though it says so.</summary>
    private static void Compare(BrokenCheckpoint b, Action<CheckpointWriter> change, bool forged)
    {
        using BrokenCheckpoint other = new();
        change(other.Model);
        other.Write();
        QuantizationResult result = Quantizer.Quantize(other.Folder, new QuantizerOptions { Samples = 8, Threads = 1 });
        string provenance =
            forged ? result.ProvenanceJson.Replace(result.Origin.SourceHash, Checkpoint.Load(b.Folder).SourceHash) : result.ProvenanceJson;
        File.WriteAllBytes(b["m.ibert"], result.Model.ToFile(provenance));
        using ModelFile model = ModelFile.Open(b["m.ibert"]);
        b.Text("data.txt", string.Join('\n', LetterCheckpoint.Texts(10)));
        ModelComparison.Run(b.Folder, model, TextSource.Read(b["data.txt"]), 10, 1, 1, null);
    }

    private static void Replace(CheckpointWriter model, CheckpointWriter other)
    {
        using (other)
        {
            foreach ((string name, TestTensor tensor) in other.Tensors)
            {
                model.Tensors[name] = tensor;
            }
            model.Config["hidden_size"] = other.Config["hidden_size"]!.DeepClone();
        }
    }

    private static void Resize(CheckpointWriter model, string table, int rows, string field)
    {
        TestTensor tensor = model.Tensors[table];
        model.Tensors[table] = tensor with
        {
            Shape = [rows, tensor.Shape[1]],
            Values = [.. tensor.Values, .. new float[(rows * tensor.Shape[1]) - tensor.Values.Length]],
        };
        model.Config[field] = rows;
    }

    private static CheckpointWriter Roberta() => RandomCheckpoint.Roberta(8, 2, 12, seed: 9);

    private static void LoadIntegers(BrokenCheckpoint b) => IBertCheckpoint.Load(b.Folder, Checkpoint.Load(b.Folder));

    private static CheckpointWriter IntegerTrained()
    {
        CheckpointWriter writer = Roberta();
        writer.Config["model_type"] = "ibert";
        writer.Config["architectures"] = new JsonArray("IBertForSequenceClassification");
        return writer.Rename(name => name.Replace("roberta.", "ibert.", StringComparison.Ordinal));
    }

    private static CheckpointWriter Distil()
    {
        CheckpointWriter writer = RandomCheckpoint.Bert(8, 2, 12, seed: 9);
        writer.Config["model_type"] = "distilbert";
        writer.Config["architectures"] = new JsonArray("DistilBertForSequenceClassification");
        foreach ((string bert, string distil) in ((string, string)[])
            [("hidden_size", "dim"), ("num_attention_heads", "n_heads"), ("num_hidden_layers", "n_layers"),
                ("intermediate_size", "hidden_dim")])
        {
            writer.Config[distil] = writer.Config[bert]!.DeepClone();
            writer.Config.Remove(bert);
        }
        return writer.Rename(name => name
            .Replace("bert.pooler.dense", "pre_classifier").Replace("bert.encoder", "distilbert.transformer")
            .Replace("bert.embeddings", "distilbert.embeddings")
            .Replace("attention.self.query", "attention.q_lin").Replace("attention.self.key", "attention.k_lin")
            .Replace("attention.self.value", "attention.v_lin")
            .Replace("attention.output.dense", "attention.out_lin").Replace("attention.output.LayerNorm", "sa_layer_norm")
            .Replace("output.LayerNorm", "output_layer_norm")
            .Replace("intermediate.dense", "ffn.lin1").Replace("output.dense", "ffn.lin2"));
    }

    private static void Scale(BrokenCheckpoint b, string name, float factor)
    {
        foreach (ref float value in b.Model.Tensors[name].Values.AsSpan())
        {
            value *= factor;
        }
    }

    /// <summary>The weights with a tensor of another type, of as many bytes an element as that has.</summary>
    private static byte[] Retyped(BrokenCheckpoint b, string name, string type)
    {
        int bytes = type is "F64" or "I64" ? 8 : 1;
        var entries = b.Model.Tensors.Select(tensor => tensor.Key == name
            ? SafetensorsEntry.Of<byte>(name, type, new byte[tensor.Value.Values.Length * bytes], tensor.Value.Shape)
            : SafetensorsEntry.OfFloats(tensor.Key, WeightType.F32, tensor.Value.Values, tensor.Value.Shape));
        return SafetensorsWriter.Write([.. entries], new Dictionary<string, string>());
    }

    private static string OneLineOf(string text) => OneLine.Of(text);
}
