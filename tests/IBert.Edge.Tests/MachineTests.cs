// That .ci/run's runs as ARM64 code are what they claim to be: with SDOT on a Cortex-A76, without on a Cortex-A72.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using Xunit;

namespace IBert.Edge.Tests;

[Trait("Machine", "arm64")]
public class MachineTests
{
    /// <summary>The core that .ci/run asked for; null where a test run uses the machine as it is.</summary>
    private static readonly string? s_core = Environment.GetEnvironmentVariable("IBERT_CPU");

    [Fact]
    public void The_processor_has_the_instructions_of_the_core_that_was_asked_for()
    {
        bool arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        Assert.Equal(arm, AdvSimd.Arm64.IsSupported);
        if (s_core is not null)
        {
            Assert.True(arm);
            Assert.Equal(s_core is "cortex-a76", Dp.IsSupported);
        }
    }
}
