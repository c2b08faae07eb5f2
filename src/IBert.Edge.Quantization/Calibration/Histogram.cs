// Counts of values between two ends, and the 8-bit range that suits them.
namespace IBert.Edge.Quantization.Calibration;

/// <summary>A histogram over [low, high] of values that may be divided by a factor per channel first. Merging is independent of the order.</summary>
internal sealed class Histogram(float low, float high, float[]? divisors)
{
    private const int Bins = 4096;

    private readonly long[] counts = new long[Bins];
    private readonly float scale = high > low ? Bins / (high - low) : 0;
    private readonly float[]? inverse = divisors is null ? null : [.. divisors.Select(d => 1 / d)];

    /// <summary>Takes in rows of values.</summary>
    public void Add(ReadOnlySpan<float> values, int rows, int columns)
    {
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = values.Slice(r * columns, columns);
            for (int c = 0; c < columns; c++)
            {
                float value = inverse is null ? row[c] : row[c] * inverse[c];
                counts[Math.Clamp((int)((value - low) * scale), 0, Bins - 1)]++;
            }
        }
    }

    /// <summary>Takes in what another thread counted.</summary>
    public void Merge(Histogram other)
    {
        for (int i = 0; i < Bins; i++)
        {
            counts[i] += other.counts[i];
        }
    }

    /// <summary>
    /// The range of 255 steps with the least squared error: a finer step inside is weighed against what is cut off outside. Both ends are
    /// searched, from the whole range inwards.
    /// </summary>
    public (float Low, float High) LeastSquaresRange()
    {
        const int steps = 48;
        const float smallest = 0.2f;
        double best = double.PositiveInfinity;
        (float, float) range = (low, high);
        double[] below = new double[steps], above = new double[steps];
        float[] lows = new float[steps], highs = new float[steps];
        for (int i = 0; i < steps; i++)
        {
            float keep = 1 - ((1 - smallest) * i / steps);
            lows[i] = low < 0 ? low * keep : low;
            highs[i] = high > 0 ? high * keep : high;
            for (int b = 0; b < Bins; b++)
            {
                double value = low + ((b + 0.5) / scale);
                below[i] += value < lows[i] ? counts[b] * (lows[i] - value) * (lows[i] - value) : 0;
                above[i] += value > highs[i] ? counts[b] * (value - highs[i]) * (value - highs[i]) : 0;
            }
        }
        double total = counts.Sum();
        for (int i = 0; i < steps; i++)
        {
            for (int j = 0; j < steps; j++)
            {
                double step = ((double)highs[j] - lows[i]) / 255;
                double error = below[i] + above[j] + (total * step * step / 12);
                if (error < best)
                {
                    best = error;
                    range = (lows[i], highs[j]);
                }
            }
        }
        return range;
    }
}
