// Numbers of the command line.
using System.CommandLine;

namespace IBert.Edge.Quantization.Cli;

internal static class NumberOption
{
    /// <summary>An option's value.</summary>
    /// <exception cref="UsageException">It is too small.</exception>
    public static int AtLeast(int least, Option option, int value) =>
        value >= least ? value : throw new UsageException($"{option.Name} {value} is too small: {least} or more");
}
