// Target `json`: config.json and the tokenizer files of a checkpoint folder, written one behind the other in one input.
using System.Text;
using System.Text.Json;
using IBert.Edge.Checkpoints;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.TestSupport;
using IBert.Edge.Text;

namespace IBert.Edge.CoverageFuzz;

internal sealed class JsonTarget : ITarget
{
    /// <summary>Between two files (ASCII's record separator); an empty part is a missing file.</summary>
    private const byte Separator = 0x1E;

    /// <summary>
    /// Stands for the members of a vocabulary that are the 256 bytes, with ids from 3: byte-level BPE needs them, and mutants of them are
    /// a waste.
    /// </summary>
    private const byte Bytes = 0x01;

    private const string Index = "model.safetensors.index.json";

    private static readonly string[] s_names =
    [
        "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt",
        "added_tokens.json", Index,
    ];

    private static readonly byte[] s_bytes = Encoding.UTF8.GetBytes(string.Join(',', Enumerable.Range(0, 256)
        .Select(value => $"{JsonSerializer.Serialize(((char)ByteLevelAlphabet.ToCodePoint((byte)value)).ToString())}:{3 + value}")));

    private static readonly byte[] s_text = Encoding.UTF8.GetBytes("a good film,ing [M] <m> \u00C9\u4E2D");

    private readonly InputFolder folder = new();

    /// <summary>Checkpoints of each architecture, and tokenizers of both kinds, by tokenizer.json and by the files before it.</summary>
    public static IEnumerable<byte[]> Seeds()
    {
        foreach (string name in new[] { "bert", "distilbert" })
        {
            yield return Input(File.ReadAllText(Path.Combine(Given.Checkpoint(name), "config.json")));
        }
        yield return Input("""
            {"model_type":"roberta","architectures":["RobertaForSequenceClassification"],"num_labels":3,"pad_token_id":1,
            "max_position_embeddings":514,"hidden_act":"gelu_new"}
            """);
        yield return Input("""
            {"model_type":"ibert","quant_mode":true,"num_labels":1,"problem_type":"regression","type_vocab_size":1,"hidden_act":"relu",
            "layer_norm_eps":1e-5}
            """);
        yield return Input("""
            {"architectures":["BertForSequenceClassification"],"problem_type":"multi_label_classification","id2label":{"1":"b","0":2},
            "pruned_heads":{}}
            """);

        yield return Input("", "", "", "", "", "", "", "", """
            {"metadata":{"total_size":4},"weight_map":{"a":"model-1.safetensors","b":"../model-2.safetensors"}}
            """);

        const string wordPiece = """
            {"added_tokens":[{"id":3,"content":"[M]","single_word":false,"lstrip":true,"rstrip":false,"normalized":false,"special":true}],
            "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
            "pre_tokenizer":{"type":"BertPreTokenizer"},
            "post_processor":{"type":"TemplateProcessing",
            "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"[SEP]","type_id":0}}],
            "pair":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"B","type_id":1}},{"SpecialToken":{"id":"[SEP]","type_id":1}}],
            "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[1],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[2],"tokens":["[SEP]"]}}},
            "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
            "vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"[M]":3,"a":4,"good":5,"##ing":6,"film":7,",":8}}}
            """;
        yield return Input(
            "", wordPiece,
            """{"tokenizer_class":"BertTokenizer","do_lower_case":true,"strip_accents":null,"tokenize_chinese_chars":true}""");
        yield return Input("", wordPiece, """
            {"tokenizer_class":"PreTrainedTokenizerFast",
            "added_tokens_decoder":{"9":{"content":"<m>","lstrip":true,"normalized":true,"single_word":true,"special":false}}}
            """);
        yield return Input("", wordPiece.Replace("TemplateProcessing", "BertProcessing", StringComparison.Ordinal)
            .Replace("\"single\"", "\"cls\":[\"[CLS]\",1],\"sep\":[\"[SEP]\",2],\"single\"", StringComparison.Ordinal));
        yield return Input(
            "", "", """{"do_lower_case":false,"mask_token":"[M]"}""",
            """{"unk_token":{"content":"[UNK]","lstrip":true},"additional_special_tokens":["good"]}""",
            "[UNK]\n[CLS]\n[SEP]\n[PAD]\n[M]\na\n##ing\ngood\n");

        const string bytePair = """
            {"added_tokens":[{"id":2,"content":"<m>","single_word":false,"lstrip":true,"rstrip":true,"normalized":true,"special":false}],
            "normalizer":null,
            "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
            "post_processor":{"type":"RobertaProcessing","sep":["</s>",1],"cls":["<s>",0]},
            "model":{"type":"BPE","dropout":null,"continuing_subword_prefix":"","end_of_word_suffix":"","fuse_unk":false,
            "byte_fallback":false,"ignore_merges":false,
            "vocab":{"<s>":0,"</s>":1,"<m>":2,\u0001,"in":259,"ing":260,"oo":261},"merges":["i n",["in","g"],"o o"]}}
            """;
        yield return Input(
            "", bytePair.Replace("\\u0001", "\u0001", StringComparison.Ordinal),
            """{"tokenizer_class":"RobertaTokenizerFast","add_prefix_space":true}""");
        yield return Input(
            "", "", """{"tokenizer_class":"RobertaTokenizer","cls_token":"<s>"}""", "{}", "",
            "{\"<s>\":0,\"</s>\":1,\"<m>\":2,\u0001,\"in\":259,\"ing\":260}", "#version: 0.2\ni n\nin g\n");
    }

    public string? Run(ReadOnlySpan<byte> input)
    {
        foreach (string name in s_names)
        {
            int end = input.IndexOf(Separator);
            ReadOnlySpan<byte> part = end < 0 ? input : input[..end];
            if (part.IsEmpty)
            {
                folder.Remove(name);
            }
            else
            {
                folder.Write(name, Expanded(part));
            }
            input = end < 0 ? [] : input[(end + 1)..];
        }
        return ReadConfig() ?? ReadIndex() ?? ReadTokenizer();
    }

    public void Dispose() => folder.Dispose();

    private string? ReadConfig()
    {
        string path = Path.Combine(folder.Path, s_names[0]);
        try
        {
            if (File.Exists(path))
            {
                CheckpointConfig config = CheckpointConfig.Read(path);
                if (config.Labels.Count == 0 || config.HeadSize < 1 || config.MaxPositions < 2)
                {
                    throw new FindingException("a configuration of no model was taken");
                }
            }
            return null;
        }
        catch (CheckpointException refused)
        {
            return refused.Message;
        }
    }

    /// <summary>An index of weights, of which none is there.</summary>
    private string? ReadIndex()
    {
        if (!File.Exists(Path.Combine(folder.Path, Index)))
        {
            return null;
        }
        try
        {
            WeightFiles.Open(folder.Path, WeightNames.Bert).Dispose();
            throw new FindingException("an index of missing weights was taken");
        }
        catch (CheckpointException refused)
        {
            return refused.Message;
        }
    }

    private string? ReadTokenizer()
    {
        try
        {
            using OpenedTokenizer opened = new(TokenizerSections.Build(folder.Path));
            TokenizerChecks.Check(opened.Tokenizer, s_text);
            TokenizerChecks.CheckPair(opened.Tokenizer, s_text, s_text);
            return null;
        }
        // The quantizer says the second in the words of the first.
        catch (Exception refused) when (refused is CheckpointException or ModelFormatException)
        {
            return refused.Message;
        }
    }

    private static byte[] Input(params string[] files) => Encoding.UTF8.GetBytes(string.Join((char)Separator, files));

    private static byte[] Expanded(ReadOnlySpan<byte> part)
    {
        int at = part.IndexOf(Bytes);
        return at < 0 ? part.ToArray() : [.. part[..at], .. s_bytes, .. part[(at + 1)..]];
    }
}
