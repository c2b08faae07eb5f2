// Which calibration texts are taken must be the same on every machine and with every .NET: a generator of our own.
namespace IBert.Edge.Quantization.Texts;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").</summary>
internal sealed class SplitMix64(ulong seed)
{
    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        seed += 0x9E3779B97F4A7C15;
        ulong z = seed;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 up to but without <paramref name="bound"/>.</summary>
    public int Below(int bound) => (int)(((UInt128)Next() * (ulong)bound) >> 64);

    /// <summary>
    /// The first indexes of a random order of 0 to <paramref name="of"/> - 1 (Fisher and Yates). Which they are does not depend on how many
    /// are drawn; only places that were exchanged are held, so that a few of many take little memory.
    /// </summary>
    public int[] Draw(int count, int of)
    {
        int[] drawn = new int[count];
        Dictionary<int, int> exchanged = [];
        for (int i = 0; i < count; i++)
        {
            int j = i + Below(of - i);
            drawn[i] = exchanged.GetValueOrDefault(j, j);
            exchanged[j] = exchanged.GetValueOrDefault(i, i);
        }
        return drawn;
    }
}
