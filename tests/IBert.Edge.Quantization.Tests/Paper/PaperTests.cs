// The I-BERT paper's tables: what it prints is what this code measures, and the kept pages are those of the scripts.
using System.Text.RegularExpressions;
using IBert.Edge.Paper;
using IBert.Edge.Quantization.Evaluation;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.Quantization.Tests.Paper;

public class PaperTests
{
    private static readonly string s_pages = Path.Combine(Shared.Repository, "tests", "IBert.Edge.Paper", "results");

    /// <summary>The scripts' names, which are those of the pages.</summary>
    public static TheoryData<string> Tables { get; } = ["approximations", "ablation", "accuracy", "layers"];

    [Theory]
    [InlineData("i-GELU", 8.2e-3, 1e-4, 1.8e-2, 1e-3)]
    [InlineData("h-GELU", 3.1e-2, 1e-3, 6.8e-2, 1e-3)]
    [InlineData("x sigma(1.702 x)", 1.2e-2, 1e-3, 2.0e-2, 1e-3)]
    public void GELUs_approximations_err_as_the_paper_prints_to_one_unit_of_the_last_digit(
        string name, double rootMeanSquare, double unitOfIt, double largest, double unitOfLargest)
    {
        Approximation row = Approximations.Gelu.Single(row => row.Name == name);
        Assert.Equal((rootMeanSquare, largest), row.Printed);
        Assert.InRange(row.Measured.RootMeanSquare, rootMeanSquare - unitOfIt, rootMeanSquare + unitOfIt);
        Assert.InRange(row.Measured.Largest, largest - unitOfLargest, largest + unitOfLargest);
    }

    [Fact]
    public void The_exponential_errs_as_the_paper_prints_to_one_unit_of_the_last_digit() =>
        Assert.InRange(Approximations.Exp.Single(row => row.Name.Contains("reference code")).Measured.Largest, 1.8e-3, 2.0e-3);

    [Fact]
    public void The_published_operations_err_in_integers_as_their_polynomials_do()
    {
        Distance gelu = Approximations.IntegerGelu().Single(row => row.Name == "published i-GELU").Measured;
        Assert.InRange(gelu.RootMeanSquare, 8.1e-3, 8.3e-3);
        Assert.InRange(gelu.Largest, 1.7e-2, 1.9e-2);
        Assert.InRange(Approximations.IntegerExp().Single(row => row.Name == "published i-exp").Largest, 1.8e-3, 2.0e-3);
    }

    [Fact]
    public void Our_operations_err_as_little_as_the_format_says()
    {
        // A table of 4,096 entries over +-8 has steps of 1/256, in whose middles x g(x) is off by at most x |g'| / 512, and g' x <= 0.25
        // where |x| <= 4.
        Distance gelu = Approximations.IntegerGelu().Single(row => row.Name.StartsWith("ours, 16 bits")).Measured;
        Assert.InRange(gelu.Largest, 0, (0.25 / 512) + (2 * 8.0 / short.MaxValue));
        Distance eightBits = Approximations.IntegerGelu().Single(row => row.Name.StartsWith("ours, with its 8-bit output")).Measured;
        Distance rounded = Approximations.IntegerGelu().Single(row => row.Name.StartsWith("for comparison")).Measured;
        Assert.InRange(eightBits.RootMeanSquare, 0.99 * rounded.RootMeanSquare, 1.01 * rounded.RootMeanSquare);
        Assert.InRange(Approximations.IntegerExp().Single(row => row.Name.StartsWith("ours")).Largest, 0, 1.35e-4);
    }

    [Fact]
    public void In_a_checkpoint_that_has_learned_the_closer_function_keeps_the_logits_closer_in_FP32_and_in_integers()
    {
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder["dev.tsv"], File.ReadLines(Given.Texts("reviews.dev.tsv")).Take(129));

        IReadOnlyList<AblationRow> rows = Ablation.Run(
            TinyData.Checkpoint, new QuantizerOptions { Calibration = TinyData.Calibration, Samples = 64 },
            LabelledTexts.Read(folder["dev.tsv"], "sentence", "label"));

        Assert.Equal(["GELU", "i-GELU", "h-GELU"], rows.Select(row => row.Function));
        Assert.InRange(rows[1].Fp32.MeanLogitError, 1e-4, rows[2].Fp32.MeanLogitError / 2);
        Assert.InRange(rows[1].Integers.MeanLogitError, rows[0].Integers.MeanLogitError, rows[2].Integers.MeanLogitError / 2);
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void Every_script_has_its_page_which_names_it_and_shows_the_plots_that_are_there(string name)
    {
        Assert.True(File.Exists(Path.Combine(Shared.Repository, "build", "paper", $"{name}.sh")));
        string[] lines = File.ReadAllLines(Path.Combine(s_pages, $"{name}.md"));
        Assert.StartsWith("# ", lines[0]);
        Assert.Equal(Page.Header(name), lines[2]);
        IEnumerable<string> shown = lines.Select(line => Regex.Match(line, @"^!\[.*\]\((.*)\)$")).Where(match => match.Success)
            .Select(match => match.Groups[1].Value);
        Assert.NotEmpty(shown);
        Assert.Equal(Directory.GetFiles(s_pages, $"{name}-*.svg").Select(path => Path.GetFileName(path)!).Order(), shown.Order());
    }

    [Fact]
    public void No_page_is_without_a_script() =>
        Assert.Equal(Tables.Select(row => $"{row.Data}.md").Order(),
            Directory.GetFiles(s_pages, "*.md").Select(path => Path.GetFileName(path)!).Order());
}
