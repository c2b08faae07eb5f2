// The quantizer's progress on the kit's bar.
using IBert.Edge.CommandLine;

namespace IBert.Edge.Quantization.Cli;

internal static class Progress
{
    private const int Whole = 1000;

    /// <summary>Shows a stage and the share of it that is done, 0..1.</summary>
    public static void Show(this ProgressBar bar, string stage, double share) => bar.Report((long)(Whole * share), Whole, stage);
}
