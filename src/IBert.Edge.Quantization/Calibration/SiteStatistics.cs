// What calibration keeps of one tensor.
namespace IBert.Edge.Quantization.Calibration;

/// <summary>Ranges, means and mean squares of one tensor over all calibration texts, for each channel. Merging is independent of the order.</summary>
internal sealed class SiteStatistics(int channels)
{
    // Sums are kept in fixed point: integers add up to the same whatever the order of the texts.
    private const int Fraction = 40;

    private readonly Int128[] sums = new Int128[channels];
    private readonly Int128[] squares = new Int128[channels];

    /// <summary>Number of channels.</summary>
    public int Channels => channels;

    /// <summary>Smallest value of each channel.</summary>
    public float[] ChannelMin { get; } = Filled(channels, float.PositiveInfinity);

    /// <summary>Largest value of each channel.</summary>
    public float[] ChannelMax { get; } = Filled(channels, float.NegativeInfinity);

    /// <summary>Number of rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Smallest value.</summary>
    public float Min => ChannelMin.Min();

    /// <summary>Largest value.</summary>
    public float Max => ChannelMax.Max();

    /// <summary>Largest magnitude.</summary>
    public float Magnitude => Math.Max(Math.Abs(Min), Math.Abs(Max));

    /// <summary>Largest magnitude of a channel.</summary>
    public float ChannelMagnitude(int channel) => Math.Max(Math.Abs(ChannelMin[channel]), Math.Abs(ChannelMax[channel]));

    /// <summary>Mean square of a channel's distance from a value.</summary>
    public double MeanSquare(int channel, double from = 0) =>
        Math.Max(0, Mean(squares[channel]) - (2 * from * Mean(sums[channel])) + (from * from));

    /// <summary>Takes in the rows of one text.</summary>
    public void Add(ReadOnlySpan<float> values, int rows)
    {
        double[] sum = new double[channels], square = new double[channels];
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = values.Slice(r * channels, channels);
            for (int c = 0; c < channels; c++)
            {
                ChannelMin[c] = Math.Min(ChannelMin[c], row[c]);
                ChannelMax[c] = Math.Max(ChannelMax[c], row[c]);
                sum[c] += row[c];
                square[c] += (double)row[c] * row[c];
            }
        }
        for (int c = 0; c < channels; c++)
        {
            sums[c] += (Int128)Math.ScaleB(sum[c], Fraction);
            squares[c] += (Int128)Math.ScaleB(square[c], Fraction);
        }
        Rows += rows;
    }

    /// <summary>Takes in what another thread saw.</summary>
    public void Merge(SiteStatistics other)
    {
        for (int c = 0; c < channels; c++)
        {
            ChannelMin[c] = Math.Min(ChannelMin[c], other.ChannelMin[c]);
            ChannelMax[c] = Math.Max(ChannelMax[c], other.ChannelMax[c]);
            sums[c] += other.sums[c];
            squares[c] += other.squares[c];
        }
        Rows += other.Rows;
    }

    private double Mean(Int128 sum) => Math.ScaleB((double)sum, -Fraction) / Math.Max(1, Rows);

    private static float[] Filled(int count, float value)
    {
        float[] values = new float[count];
        Array.Fill(values, value);
        return values;
    }
}
