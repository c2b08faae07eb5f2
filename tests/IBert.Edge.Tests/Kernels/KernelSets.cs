// The kernel sets that this CPU has: every kernel test walks them.
using IBert.Edge.Kernels;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

public static class KernelSets
{
    /// <summary>Where CI says which kernels this machine must have run, best first: <c>dp,advsimd,scalar</c>.</summary>
    private const string ExpectedVariable = "IBERT_EXPECT_KERNELS";

    public static TheoryData<string> Available => [.. KernelSet.Names.Where(name => KernelSet.Create(name) is not null)];

    internal static KernelSet Get(string name) => KernelSet.Create(name)!;

    /// <summary>Where a set starts the random values of a test; printed with every failure.</summary>
    internal static Random Seeded(int seed, string what)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}, seed {seed}");
        return new(seed);
    }

    internal static string? Expected => Environment.GetEnvironmentVariable(ExpectedVariable);
}

public class KernelSetTests
{
    [Fact]
    public void The_kernels_that_CI_expects_of_this_machine_are_the_ones_that_the_tests_walk()
    {
        Assert.SkipWhen(KernelSets.Expected is null, "IBERT_EXPECT_KERNELS is not set: nothing is expected of this machine");
        Assert.Equal(KernelSets.Expected, string.Join(",", KernelSets.Available.Select(row => row.Data)));
    }

    [Fact]
    public void Sets_are_listed_best_first_and_end_with_the_one_that_runs_everywhere()
    {
        Assert.Equal(["avx2", "dp", "advsimd", "scalar"], KernelSet.Names);
        Assert.NotNull(KernelSet.Create("scalar"));
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void A_set_and_its_kernels_bear_its_name(string name)
    {
        KernelSet set = KernelSets.Get(name);
        Assert.Equal(name, set.Name);
        Assert.Equal(name, set.Product.Name);
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_names_there_are()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => KernelSet.Create("avx3"));
        Assert.Contains("avx3", error.Message);
        Assert.Contains("advsimd", error.Message);
    }
}
