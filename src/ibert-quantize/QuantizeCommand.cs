// The command line of ibert-quantize, and what it does.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;

namespace IBert.Edge.Quantization.Cli;

internal sealed class QuantizeCommand : RootCommand
{
    private readonly Argument<string> checkpoint = new("CHECKPOINT") { Description = "folder of a Hugging Face checkpoint (config.json, model.safetensors, tokenizer)" };
    private readonly Option<string> output = new("--output", "-o") { HelpName = "MODEL.ibert", Description = "the model file to write", Required = true };
    private readonly Option<string?> calibration = new("--calibration")
    {
        HelpName = "DATA",
        Description = "texts like those that the model will see: a tab-separated file, or a text a line (default: a few built-in sentences)",
    };
    private readonly Option<string?> text = new("--text") { HelpName = "COLUMN", Description = "the column of the texts; leave it out when each line is a text" };
    private readonly Option<string?> textPair = new("--text-pair") { HelpName = "COLUMN", Description = "the column of the second texts, when texts are pairs" };
    private readonly Option<string> scheme = new("--scheme") { HelpName = "SCHEME", Description = "how to quantize: int8", DefaultValueFactory = _ => "int8" };
    private readonly Option<string> bits = new("--bits") { HelpName = "N", Description = "bits of the weights: 8", DefaultValueFactory = _ => "8" };
    private readonly Option<int> maxLength = new("--max-length") { HelpName = "N", Description = "longest text in tokens (default: the checkpoint's)" };
    private readonly Option<string?> tokenizer = new("--tokenizer") { HelpName = "FOLDER", Description = "folder of the tokenizer's files (default: CHECKPOINT)" };
    private readonly Option<int> samples = new("--samples") { HelpName = "N", Description = "texts taken from the calibration file", DefaultValueFactory = _ => 512 };
    private readonly Option<ulong> seed = new("--seed") { HelpName = "N", Description = "chooses the texts that are taken", DefaultValueFactory = _ => 1 };
    private readonly Option<int> threads = new("--threads") { HelpName = "N", Description = "threads", DefaultValueFactory = _ => Environment.ProcessorCount };

    public QuantizeCommand() : base("Turns a Hugging Face BERT checkpoint into one .ibert file of integers, for ibert.")
    {
        Arguments.Add(checkpoint);
        foreach (Option option in (Option[])[output, calibration, text, textPair, scheme, bits, maxLength, tokenizer, samples, seed, threads])
        {
            Options.Add(option);
        }
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        long start = Stopwatch.GetTimestamp();
        RefuseUnsupported(parsed);
        QuantizationResult result = Quantizer.Quantize(parsed.GetValue(checkpoint)!, new QuantizerOptions
        {
            Calibration = parsed.GetValue(calibration) is { } file ? TextSource.Read(file, parsed.GetValue(text), parsed.GetValue(textPair)) : null,
            Samples = parsed.GetValue(samples),
            Seed = parsed.GetValue(seed),
            MaxLength = parsed.GetValue(maxLength),
            TokenizerFolder = parsed.GetValue(tokenizer),
            Threads = parsed.GetValue(threads),
        });
        long bytes = result.Save(parsed.GetValue(output)!);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{parsed.GetValue(output)}: {bytes} bytes, {result.CalibrationCount} calibration texts, seed {parsed.GetValue(seed)}, {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s"));
        return ExitStatus.Done;
    }

    private void RefuseUnsupported(ParseResult parsed)
    {
        if (parsed.GetValue(scheme) is { } asked && asked != "int8")
        {
            throw new UsageException($"--scheme {asked} is not supported yet: int8 is");
        }
        if (parsed.GetValue(bits) is { } wanted && wanted != "8")
        {
            throw new UsageException($"--bits {wanted} is not supported yet: 8 is");
        }
    }
}
