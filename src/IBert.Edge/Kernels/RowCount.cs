// Row counts as types: a tile is written once and compiled for each number of rows, with its accumulators in registers.
namespace IBert.Edge.Kernels;

/// <summary>A constant that the compiler knows where it specialises a generic tile.</summary>
internal interface IRowCount
{
    static abstract int Value { get; }
}

internal readonly struct OneRow : IRowCount
{
    public static int Value => 1;
}

internal readonly struct TwoRows : IRowCount
{
    public static int Value => 2;
}

internal readonly struct ThreeRows : IRowCount
{
    public static int Value => 3;
}

internal readonly struct FourRows : IRowCount
{
    public static int Value => 4;
}

internal readonly struct FiveRows : IRowCount
{
    public static int Value => 5;
}

internal readonly struct SixRows : IRowCount
{
    public static int Value => 6;
}
