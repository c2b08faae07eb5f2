// Where tests find the given data (../shared beside the repository), and what happens when it is missing.
using System.Runtime.CompilerServices;
using Xunit;

namespace IBert.Edge.TestSupport;

/// <summary>Paths of the repository and of the data folder beside it.</summary>
public static class Shared
{
    /// <summary>The repository's top folder.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The data folder beside the repository (or <c>IBERT_SHARED</c>).</summary>
    public static string Folder { get; } =
        Environment.GetEnvironmentVariable("IBERT_SHARED") ?? Path.GetFullPath(Path.Combine(Repository, "..", "shared"));

    /// <summary>The path of something given. Skips the test where the folder is missing; with <c>CI=true</c> that is a failure.</summary>
    public static string Require(params string[] parts)
    {
        string path = Path.Combine([Folder, .. parts]);
        if (File.Exists(path) || Directory.Exists(path))
        {
            return path;
        }
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"{path} is missing, and with CI=true that is a failure");
        }
        Assert.Skip($"{path} is missing");
        return path;
    }

    private static string FindRepository([CallerFilePath] string here = "")
    {
        string start = File.Exists(here) ? Path.GetDirectoryName(here)! : AppContext.BaseDirectory;
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "IBert.Edge.sln")))
            {
                return folder.FullName;
            }
        }
        throw new DirectoryNotFoundException($"IBert.Edge.sln was not found above {start}");
    }
}
