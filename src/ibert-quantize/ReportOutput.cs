// The report that --report names, and its pictures beside it.
using IBert.Edge.CommandLine;
using IBert.Edge.Quantization.Output;

namespace IBert.Edge.Quantization.Cli;

internal static class ReportOutput
{
    private const string Option = "--report";

    /// <summary>Takes in the files that a report of so many layers consists of.</summary>
    public static void Add(CommandFiles files, string path, int layers)
    {
        files.Write(Option, path);
        if (path != CommandFiles.StandardOutput)
        {
            foreach (string picture in Report.Pictures(path, layers))
            {
                files.Write($"{Option} {path}: its picture", picture);
            }
        }
    }

    /// <summary>Writes a report; on standard output there is no place for pictures.</summary>
    /// <param name="files">Where it was taken in.</param>
    /// <param name="path">Its path.</param>
    /// <param name="create">Makes its files, given its path; null for one without pictures.</param>
    public static void Write(CommandFiles files, string path, Func<string?, IReadOnlyList<ReportFile>> create)
    {
        foreach (ReportFile file in create(path == CommandFiles.StandardOutput ? null : path))
        {
            files.Write(file.Path ?? path, file.Bytes);
        }
    }

    /// <summary>What is printed of it.</summary>
    public static IEnumerable<string> Line(string? path) => path is null or CommandFiles.StandardOutput ? [] : [$"report: {path}"];
}
