// What product kernels say of themselves; their results are in KernelCaseTests.
using IBert.Edge.Kernels;
using Xunit;

namespace IBert.Edge.Tests.Kernels;

public sealed class ProductKernelTests
{
    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void The_ceiling_counts_the_work_that_it_does(string name)
    {
        ProductKernel kernel = KernelSets.Get(name).Product;
        Assert.True(kernel.Peak(1) > 0);
        Assert.Equal(1000 * kernel.Peak(1), kernel.Peak(1000));
    }

    [Theory]
    [MemberData(nameof(KernelSets.Available), MemberType = typeof(KernelSets))]
    public void Tiles_fit_the_memory_that_callers_have_for_them(string name) =>
        Assert.InRange(KernelSets.Get(name).Product.TileRows, 1, ProductKernel.MaxTileRows);
}
