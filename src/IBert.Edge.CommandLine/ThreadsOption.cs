// How many threads work: never more than there are cores.
using System.CommandLine;

namespace IBert.Edge.CommandLine;

internal static class ThreadsOption
{
    /// <summary>The option.</summary>
    /// <param name="description">What the threads do, and how many there are where it is left out.</param>
    public static Option<int?> Create(string description) =>
        NumberOption.Create("--threads", $"{description}; never more than this machine has cores");

    /// <summary>
    /// The number to use. More than there are cores would only wait for each other, and each takes memory, but the result is the same: so
    /// it is told and not refused, as one command line serves many boards.
    /// </summary>
    /// <param name="asked">The option's value.</param>
    /// <param name="otherwise">What holds where it is left out.</param>
    /// <param name="most">What the work can be shared by.</param>
    public static int Read(int? asked, int otherwise, int most = int.MaxValue)
    {
        int usable = Math.Min(Environment.ProcessorCount, most);
        if (asked > usable)
        {
            Messages.Error($"--threads {asked}: {usable} {(usable == 1 ? "is" : "are")} used, as many as this machine has cores for");
        }
        return Math.Min(asked ?? otherwise, usable);
    }
}
