// The kernels that run together, chosen once at start.
namespace IBert.Edge.Kernels;

/// <summary>A product kernel with its element-wise kernels.</summary>
internal sealed class KernelSet
{
    /// <summary>Forces a set by name; unknown names and sets that this CPU lacks are refused.</summary>
    public const string Variable = "IBERT_KERNELS";

    /// <summary>A set of its own making, for measurements; all others come from <see cref="Create"/>.</summary>
    internal KernelSet(string name, ProductKernel product, ElementKernel elements)
    {
        Name = name;
        Product = product;
        Elements = elements;
    }

    /// <summary>Its name, as <see cref="Variable"/> takes it.</summary>
    public string Name { get; }

    /// <summary>The product kernel.</summary>
    public ProductKernel Product { get; }

    /// <summary>The element-wise kernels.</summary>
    public ElementKernel Elements { get; }

    /// <summary>Names of all sets, best first.</summary>
    public static IReadOnlyList<string> Names { get; } = ["avx2", "dp", "advsimd", "scalar"];

    /// <summary>The set of that name, or null where this CPU lacks its instructions.</summary>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static KernelSet? Create(string name) => name switch
    {
        "avx2" => Avx2Product.IsSupported ? new(name, new Avx2Product(), new VectorElements<Avx2Lanes>()) : null,
        "dp" => DpProduct.IsSupported ? new(name, new DpProduct(), new VectorElements<AdvSimdLanes>()) : null,
        "advsimd" => AdvSimdProduct.IsSupported ? new(name, new AdvSimdProduct(), new VectorElements<AdvSimdLanes>()) : null,
        "scalar" => new(name, new ScalarProduct(), new ScalarElements()),
        _ => throw new ArgumentException($"{name} is not a kernel set; the sets are {string.Join(", ", Names)}"),
    };

    /// <summary>The set that <see cref="Variable"/> names, else the best one that this CPU has.</summary>
    /// <exception cref="ArgumentException">The name is unknown, or this CPU lacks the set's instructions: it never falls back.</exception>
    public static KernelSet Select() => Select(Environment.GetEnvironmentVariable(Variable));

    /// <summary>The set of that name; the best one that this CPU has for null or an empty name.</summary>
    /// <inheritdoc cref="Select()"/>
    internal static KernelSet Select(string? forced)
    {
        if (!string.IsNullOrEmpty(forced))
        {
            return Create(forced)
                ?? throw new ArgumentException(
                    $"{Variable}={forced}: this CPU lacks the instructions of that kernel set; unset {Variable} to let it be chosen");
        }
        foreach (string name in Names)
        {
            if (Create(name) is { } set)
            {
                return set;
            }
        }
        throw new InvalidOperationException("the scalar kernels run everywhere");
    }
}
