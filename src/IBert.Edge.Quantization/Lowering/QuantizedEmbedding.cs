// The arithmetic of the embedding: its tables as integers with a scale for each row. Nothing of records.
using IBert.Edge.Checkpoints;
using IBert.Edge.Kernels;

namespace IBert.Edge.Quantization.Lowering;

/// <summary>A table's rows, each padded to a multiple of 16, and a multiplier for each.</summary>
internal readonly record struct QuantizedTable(sbyte[] Rows, int[] Multipliers);

/// <summary>Tables of words, positions and, where the architecture has them, types.</summary>
/// <param name="Scale">One step of the sum, int16.</param>
/// <param name="Shift">What the sum of rows and multipliers is shifted by.</param>
/// <param name="Tables">The tables.</param>
internal sealed record QuantizedEmbedding(double Scale, int Shift, IReadOnlyList<QuantizedTable> Tables)
{
    /// <summary>Quantizes tables after training.</summary>
    /// <param name="embeddings">The tables.</param>
    /// <param name="hidden">Columns of each.</param>
    public static QuantizedEmbedding Of(Embeddings embeddings, int hidden)
    {
        int padded = Panels.Padded(hidden);
        float[][] sources = Sources(embeddings, hidden);
        // No sum of rows can exceed the sum of the largest: nothing saturates, whatever the text.
        double scale = Math.Max(sources.Sum(table => table.Max(Math.Abs)), 1e-6) / short.MaxValue;
        double[][] steps = [.. sources.Select(table => RowSteps(table, hidden))];
        double largest = steps.Sum(step => step.Max()) / scale;
        int shift = 30;
        while (shift > 1 && (128 * (Math.ScaleB(largest, shift) + sources.Length)) + (1L << (shift - 1)) > int.MaxValue)
        {
            shift--;
        }
        QuantizedTable[] tables = new QuantizedTable[sources.Length];
        for (int i = 0; i < tables.Length; i++)
        {
            int rows = sources[i].Length / hidden;
            sbyte[] table = new sbyte[rows * padded];
            int[] multipliers = new int[rows];
            for (int r = 0; r < rows; r++)
            {
                for (int c = 0; c < hidden; c++)
                {
                    table[(r * padded) + c] = (sbyte)Math.Round(sources[i][(r * hidden) + c] / steps[i][r]);
                }
                multipliers[r] = (int)Math.Round(Math.ScaleB(steps[i][r] / scale, shift));
            }
            tables[i] = new(table, multipliers);
        }
        return new(scale, shift, tables);
    }

    /// <summary>
    /// Tables of words, positions and types. The first type's row is in every token of a single text: what its own rounding takes from it
    /// the positions, whose steps are finer and differ from token to token, make up for.
    /// </summary>
    private static float[][] Sources(Embeddings tables, int hidden)
    {
        if (tables.Types.Length == 0)
        {
            return [tables.Words, tables.Positions];
        }
        float[] positions = [.. tables.Positions], types = [.. tables.Types];
        double step = RowStep(types.AsSpan(0, hidden));
        for (int c = 0; c < hidden; c++)
        {
            float lost = (float)(types[c] - (Math.Round(types[c] / step) * step));
            for (int i = c; i < positions.Length; i += hidden)
            {
                positions[i] += lost;
            }
            for (int i = hidden + c; i < types.Length; i += hidden)
            {
                types[i] -= lost;
            }
        }
        return [tables.Words, positions, types];
    }

    private static double[] RowSteps(float[] table, int hidden) =>
        [.. Enumerable.Range(0, table.Length / hidden).Select(r => RowStep(table.AsSpan(r * hidden, hidden)))];

    private static double RowStep(ReadOnlySpan<float> row)
    {
        float largest = 0;
        foreach (float value in row)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }
        return Math.Max((double)largest / 127, 1e-9);
    }
}
