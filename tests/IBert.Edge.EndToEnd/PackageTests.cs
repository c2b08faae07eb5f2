// Other people use the runtime as a package: packed, restored, built and run the way they would.
using System.IO.Compression;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.EndToEnd;

public class PackageTests
{
    /// <summary>A version of this run: neither a package cache nor an older package in the folder can stand in for it.</summary>
    private static readonly string s_version = $"0.1.0-test.{DateTime.UtcNow:yyyyMMddHHmmssfff}";

    private static string Artifact(params string[] parts) => Path.Combine([Shared.Repository, "artifacts", .. parts]);

    private static readonly Lazy<string> s_package = new(() =>
    {
        string folder = Artifact("packages");
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
        Dotnet("pack", Path.Combine(Shared.Repository, "src", "IBert.Edge"), "-c", "Release", $"-p:Version={s_version}",
            "--artifacts-path", Artifact("obj", "package"), "-o", folder);
        return Path.Combine(folder, $"IBert.Edge.{s_version}.nupkg");
    });

    [Fact]
    public void The_package_brings_licence_readme_and_documentation()
    {
        using ZipArchive package = ZipFile.OpenRead(s_package.Value);
        string[] entries = [.. package.Entries.Select(e => e.FullName)];

        Assert.Superset(new HashSet<string>(
            ["LICENSE", "README.md", "lib/net10.0/IBert.Edge.dll", "lib/net10.0/IBert.Edge.xml"]),
            new HashSet<string>(entries));
        Assert.True(File.Exists(Path.ChangeExtension(s_package.Value, ".snupkg")));
    }

    [Fact]
    public void A_program_that_knows_only_the_package_builds_and_runs()
    {
        string source = Path.GetDirectoryName(s_package.Value)!;
        string output = Path.Combine(source, "consumer");
        string project = Path.Combine(Shared.Repository, "tests", "PackageConsumer");

        Dotnet("build", project, "-c", "Release", $"-p:IBertEdgeVersion={s_version}", $"-p:RestoreSources={source}",
            $"-p:RestorePackagesPath={Path.Combine(output, "packages")}", "--artifacts-path", Path.Combine(output, "obj"), "-o", output);
        string[] texts = ["a charming and often affecting journey", "a waste of time"];
        string model = Path.Combine(Shared.Repository, "models", "sentiment.ibert");
        string[] said = Dotnet(
            [Path.Combine(output, "PackageConsumer.dll"), .. File.Exists(model) ? [model, .. texts] : Array.Empty<string>()])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.StartsWith(s_version, said[0]);
        if (File.Exists(model))
        {
            Assert.Matches("^positive [0-9]+$", said[1]);
            Assert.Matches("^negative [0-9]+$", said[2]);
        }
    }

    private static string Dotnet(params string[] arguments)
    {
        (int exitCode, string output) = Published.Run("dotnet", arguments);
        Assert.True(exitCode == 0, output);
        return output;
    }
}
