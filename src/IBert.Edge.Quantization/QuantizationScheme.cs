namespace IBert.Edge.Quantization;

/// <summary>How a checkpoint becomes integers.</summary>
public enum QuantizationScheme
{
    /// <summary>After training, calibrated on texts: 8-bit weights and product inputs, a 16-bit residual stream.</summary>
    Int8,

    /// <summary>
    /// The integers of a checkpoint that was trained in integer mode (Kim et al. 2021, arXiv:2101.01321; Hugging Face's <c>ibert</c> with
    /// quant_mode): its own ranges, every rounding of the reference, no calibration.
    /// </summary>
    IBert,
}
