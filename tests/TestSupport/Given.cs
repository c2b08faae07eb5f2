// Where the tests' own data lie: tests/data, which every clone has.
namespace IBert.Edge.TestSupport;

/// <summary>Paths of <c>tests/data</c> (its README says what each file is and which script made it).</summary>
public static class Given
{
    private static readonly string s_folder = Path.Combine(Shared.Repository, "tests", "data");

    /// <summary>A checkpoint folder: <c>bert</c>, <c>distilbert</c>, ...</summary>
    public static string Checkpoint(string name) => Existing("checkpoints", name);

    /// <summary>A file of texts: <c>reviews.train.tsv</c>, ...</summary>
    public static string Texts(string name) => Existing("texts", name);

    /// <summary>Expected integers or ids.</summary>
    public static string Golden(params string[] parts) => Existing(["golden", .. parts]);

    /// <summary>Any file or folder of <c>tests/data</c>.</summary>
    public static string Existing(params string[] parts)
    {
        string path = Path.Combine([s_folder, .. parts]);
        return File.Exists(path) || Directory.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: " +
            "tests/data/make.sh makes it");
    }
}
