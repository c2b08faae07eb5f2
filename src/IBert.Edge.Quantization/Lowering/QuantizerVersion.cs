// Which quantizer made a model.
namespace IBert.Edge.Quantization.Lowering;

internal static class QuantizerVersion
{
    /// <summary>The version of this assembly, as a model's provenance states it: 1.2.3.</summary>
    public static string Text { get; } = typeof(QuantizerVersion).Assembly.GetName().Version!.ToString(3);
}
