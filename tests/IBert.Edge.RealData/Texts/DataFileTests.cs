// Files as they are published.
using IBert.Edge.Quantization;
using IBert.Edge.Quantization.Texts;
using IBert.Edge.TestSupport;
using Xunit;

namespace IBert.Edge.RealData.Texts;

public class DataFileTests
{
    [Fact]
    public void Pairs_of_a_published_file_with_a_byte_order_mark_are_read()
    {
        TextSource source = TextSource.Read(Shared.Require("data", "mrpc", "dev.tsv"), "#1 String", "#2 String");
        Assert.Equal(408, source.Count);
        Assert.StartsWith("He said the foodservice pie business doesn 't fit", source.Texts.First().Text);
        Assert.StartsWith("\" The foodservice pie business does not fit", source.Texts.First().Pair);
    }
}
