// Whether tests that take minutes run.
namespace IBert.Edge.TestSupport;

/// <summary>They do in CI; a developer's run takes a sample, or leaves them out.</summary>
public static class LongTests
{
    /// <summary>Whether <c>IBERT_LONG_TESTS</c> is 1.</summary>
    public static bool Wanted { get; } = Environment.GetEnvironmentVariable("IBERT_LONG_TESTS") == "1";
}
