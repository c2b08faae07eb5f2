// Activations as functions of one value: what tables are made from and operations are compared with.
using IBert.Edge.Checkpoints;

namespace IBert.Edge.Quantization.Reference;

internal static class ActivationFunction
{
    /// <summary>The function in double precision.</summary>
    /// <param name="activation">Which.</param>
    /// <param name="geluStandIn">What is taken in GELU's place, in either of its forms; null for GELU itself.</param>
    public static Func<double, double> Of(Activation activation, Func<double, double>? geluStandIn = null) => activation switch
    {
        Activation.Gelu => geluStandIn ?? DeterministicMath.Gelu,
        Activation.GeluTanh => geluStandIn ?? DeterministicMath.GeluTanh,
        Activation.Tanh => DeterministicMath.Tanh,
        _ => x => Math.Max(x, 0),
    };
}
