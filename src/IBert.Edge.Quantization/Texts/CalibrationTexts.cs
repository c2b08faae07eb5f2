// Which texts calibrate a model, and on which the report compares.
using System.Security.Cryptography;
using System.Text;
using IBert.Edge.Files.Data;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Texts;

/// <summary>The texts of a calibration, tokenized.</summary>
/// <param name="Chosen">Those that calibrate.</param>
/// <param name="Joined">Long ones, made of the chosen, that calibrate too; none where the chosen are as long as the model takes.</param>
/// <param name="Compared">Those on which the report compares the model with FP32.</param>
/// <param name="HeldBack">
/// Whether the compared ones are others of the same file, which the model has not seen; not where too few are left.
/// </param>
internal sealed record CalibrationTexts(
    IReadOnlyList<TokenizedText> Chosen, IReadOnlyList<TokenizedText> Joined, IReadOnlyList<TokenizedText> Compared, bool HeldBack)
{
    // Enough for the signal-to-noise ratio of every tensor to settle to a few tenths of a decibel.
    private const int MostCompared = 64;

    // With fewer the ranges of rare activations are not seen; hundreds are what accuracy was measured with.
    private const int Few = 32;

    /// <summary>Fewest calibration texts.</summary>
    public const int LeastSamples = 8;

    /// <summary>
    /// How many long texts are joined: ranges settle with a few dozen, whose tokens are more than those of 512 sentences.
    /// </summary>
    public const int JoinedCount = 32;

    /// <summary>The built-in sentences.</summary>
    public static IReadOnlyList<string> BuiltIn { get; } = ReadBuiltIn();

    /// <summary>SHA-256 of the built-in sentences, so that provenance tells when they change.</summary>
    public static string BuiltInSha256 { get; } = Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', BuiltIn))));

    /// <summary>Says that the texts are too few to learn from, or too much the same, as tokens; null where they are not.</summary>
    public string? Complaint(string fileName)
    {
        int different = Chosen.Select(text => string.Join(' ', text.Ids)).Distinct().Count();
        return different >= Math.Max(Few, Chosen.Count / 2)
            ? null
            : $"calibrated on {Chosen.Count} texts of {fileName}{(different == Chosen.Count ? "" : $", {different} of them different")}: " +
                "that is few, and accuracy may be lower; give hundreds of different texts like those that the model will see";
    }

    /// <summary>Draws texts.</summary>
    /// <param name="source">Where from; null for the built-in sentences.</param>
    /// <param name="samples">How many calibrate; all where there are fewer.</param>
    /// <param name="seed">Chooses them.</param>
    /// <param name="encoder">The model's tokenizer.</param>
    /// <exception cref="DataFileException">There are too few.</exception>
    public static CalibrationTexts Choose(TextSource? source, int samples, ulong seed, TextEncoder encoder)
    {
        int available = source?.Count ?? BuiltIn.Count;
        if (available < LeastSamples)
        {
            throw new DataFileException(
                $"{source?.FileName} has {available} texts, calibration needs {LeastSamples} or more (hundreds are " +
                "better): add texts, or leave --calibration out for the built-in ones");
        }
        int count = Math.Min(samples, available), drawn = (int)Math.Min((long)count + MostCompared, available);
        SourceText[] texts = source?.Draw(drawn, seed)
            ?? [.. new SplitMix64(seed).Draw(drawn, available).Select(i => new SourceText(BuiltIn[i], null))];
        TokenizedText[] chosen = Encode(texts.AsSpan(0, count)), rest = Encode(texts.AsSpan(count));
        bool heldBack = rest.Length >= LeastSamples;
        return new CalibrationTexts(chosen, Join(), heldBack ? rest : [.. chosen.Take(MostCompared)], heldBack);

        TokenizedText[] Encode(ReadOnlySpan<SourceText> some)
        {
            TokenizedText[] encoded = new TokenizedText[some.Length];
            for (int i = 0; i < encoded.Length; i++)
            {
                encoded[i] = encoder.Encode(some[i]);
            }
            return encoded;
        }

        // Sentences say nothing of late positions, nor of what attention and the tokens at the ends do in a long text: without long texts,
        // what 8 bits hold of one would be cut off at the ranges of short ones.
        IReadOnlyList<TokenizedText> Join()
        {
            int longest = chosen.Max(text => text.Ids.Length), next = 0;
            List<TokenizedText> joined = [];
            for (int i = 1; i <= JoinedCount && longest < encoder.MaxLength; i++)
            {
                int wanted = longest + ((encoder.MaxLength - longest) * i / JoinedCount);
                SourceText text = texts[next++ % count];
                TokenizedText tokens = encoder.Encode(text);
                // An empty text adds nothing, so texts are bounded as well as tokens.
                for (int parts = 1; tokens.Ids.Length < wanted && parts < encoder.MaxLength; parts++)
                {
                    SourceText more = texts[next++ % count];
                    text = new SourceText($"{text.Text} {more.Text}", text.Pair is null ? null : $"{text.Pair} {more.Pair}");
                    tokens = encoder.Encode(text);
                }
                joined.Add(tokens);
            }
            return joined;
        }
    }

    private static string[] ReadBuiltIn()
    {
        using Stream stream = typeof(CalibrationTexts).Assembly.GetManifestResourceStream("BuiltInTexts.txt")!;
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
