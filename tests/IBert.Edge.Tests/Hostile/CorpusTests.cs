// What the fuzzer guided by coverage kept (tests/IBert.Edge.CoverageFuzz), replayed: its corpora, and what it once found.
using IBert.Edge.CoverageFuzz;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Tests.Hostile;

public sealed class CorpusTests(ITestOutputHelper output)
{
    private static readonly string s_folder = Path.Combine(Shared.Repository, "tests", "IBert.Edge.CoverageFuzz");

    public static TheoryData<string> Names => [.. Targets.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_input_of_the_corpus_is_refused_or_taken(string name) => Replay(name, "corpus", least: 10);

    [Theory]
    [MemberData(nameof(Names))]
    public void What_was_once_found_is_refused_or_taken(string name) => Replay(name, "findings", least: 0);

    private void Replay(string name, string kind, int least)
    {
        DirectoryInfo folder = new(Path.Combine(s_folder, kind, name));
        FileInfo[] inputs = folder.Exists ? folder.GetFiles() : [];
        using ITarget target = Targets.Create(name);
        int taken = 0;
        List<string> findings = [];
        foreach (FileInfo input in inputs)
        {
            try
            {
                taken += Targets.Run(target, File.ReadAllBytes(input.FullName)) is null ? 1 : 0;
            }
            catch (Exception error)
            {
                findings.Add($"{name}/{input.Name}: {error}");
            }
        }
        Assert.True(findings.Count == 0, string.Join('\n', findings));
        Assert.True(inputs.Length >= least, $"{folder} has {inputs.Length} inputs: build/fuzz-coverage.sh {name} SECONDS makes them");
        output.WriteLine($"{taken} of {inputs.Length} taken");
    }
}
