// The part of TokenizerFiles for what is put around texts: the post-processor of tokenizer.json, or the template of the class.
using IBert.Edge.Text;

namespace IBert.Edge.Checkpoints.Tokenizers;

/// <summary>What becomes of one text and of two.</summary>
internal readonly record struct TemplatePair(List<TemplateDefinition> Single, List<TemplateDefinition> Pair)
{
    /// <summary>[CLS] A [SEP], and [CLS] A [SEP] B [SEP] with type 1 from B on.</summary>
    public static TemplatePair OfBert(int classification, int separator)
    {
        List<TemplateDefinition> single = [new(classification, 0), new(TemplateItem.First, 0), new(separator, 0)];
        return new(single, [.. single, new(TemplateItem.Second, 1), new(separator, 1)]);
    }

    /// <summary>A between the two tokens, and A and B with two of the last kind between them; all of type 0.</summary>
    public static TemplatePair OfRoberta(int classification, int separator)
    {
        List<TemplateDefinition> single = [new(classification, 0), new(TemplateItem.First, 0), new(separator, 0)];
        return new(single, [.. single, new(separator, 0), new(TemplateItem.Second, 0), new(separator, 0)]);
    }

    /// <summary>The same where the model is not told the types, and takes all for 0.</summary>
    public TemplatePair WithoutTypes() => this with { Pair = [.. Pair.Select(item => item with { TypeId = 0 })] };
}

internal static partial class TokenizerFiles
{
    private static TemplatePair ReadTemplates(TokenizerJson processor)
    {
        if (processor.IsNull)
        {
            return new([new(TemplateItem.First, 0)], [new(TemplateItem.First, 0), new(TemplateItem.Second, 1)]);
        }
        string type = processor["type"].TextOr("");
        switch (type)
        {
            case "BertProcessing":
                return TemplatePair.OfBert(IdOfPair(processor["cls"]), IdOfPair(processor["sep"]));
            case "RobertaProcessing":
                return TemplatePair.OfRoberta(IdOfPair(processor["cls"]), IdOfPair(processor["sep"]));
            case "TemplateProcessing":
                TokenizerJson specials = processor["special_tokens"];
                return new(ReadTemplate(processor["single"], specials, "A", 0), ReadTemplate(processor["pair"], specials, "AB", 1));
            case "Sequence":
                // The processor of byte-level BPE only changes offsets.
                TokenizerJson[] others = [.. processor["processors"].Elements.Where(part => part["type"].TextOr("") != "ByteLevel")];
                if (others.Length == 1)
                {
                    return ReadTemplates(others[0]);
                }
                break;
        }
        throw NotSupported(processor, Describe(processor), "TemplateProcessing, BertProcessing or RobertaProcessing");
    }

    private static int IdOfPair(TokenizerJson pair) =>
        pair.Elements.ToArray() is [_, TokenizerJson id] ? IdOf(id) : throw pair.Wrong("a token and its id");

    private static int IdOf(TokenizerJson value) => value.Integer is >= 0 and int id ? id : throw value.Wrong("a token's id");

    private static List<TemplateDefinition> ReadTemplate(TokenizerJson template, TokenizerJson specials, string sequences, int maxType)
    {
        List<TemplateDefinition> items = [];
        string found = "";
        foreach (TokenizerJson item in template.Elements)
        {
            (string kind, TokenizerJson value) = item.Members.FirstOrDefault();
            int type = kind is "Sequence" or "SpecialToken" ? value["type_id"].Integer : throw item.Wrong("Sequence or SpecialToken");
            if (type < 0 || type > maxType)
            {
                throw value["type_id"].Wrong($"a token type from 0 to {maxType}");
            }
            if (kind == "Sequence")
            {
                found += value["id"].Text;
                items.Add(new TemplateDefinition(value["id"].Text == "A" ? TemplateItem.First : TemplateItem.Second, type));
            }
            else
            {
                items.AddRange(specials[value["id"].Text]["ids"].Elements.Select(id => new TemplateDefinition(IdOf(id), type)));
            }
        }
        return found == sequences && items.Count <= TokenizerSection.MaxTemplateItems
            ? items
            : throw template.Wrong($"each text once, in order, and at most {TokenizerSection.MaxTemplateItems} tokens");
    }

    /// <summary>
    /// Whether transformers hands a model the types, by what the files or the class say of its inputs. DistilBERT has none, and is told
    /// them.
    /// </summary>
    private static bool HasTypes(in Files files, string tokenizerClass)
    {
        bool isTold = files.Config["model_input_names"] is { IsNull: false } names
            ? names.Elements.Any(name => name.Text == "token_type_ids")
            : tokenizerClass is not (DistilBertClass or RobertaClass);
        return isTold || files.Model["model_type"].TextOr(tokenizerClass == DistilBertClass ? "distilbert" : "") == "distilbert";
    }
}
