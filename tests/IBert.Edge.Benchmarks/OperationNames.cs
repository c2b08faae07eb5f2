// Which operations of a model are reported together, and under what name.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;

namespace IBert.Edge.Benchmarks;

/// <summary>Operations of one kind; Linear by its shape and its rows as well.</summary>
internal sealed class OperationNames
{
    private readonly List<string> names = [];
    private readonly List<bool> products = [];
    private readonly int[] groups;

    public OperationNames(ModelFile model)
    {
        groups = new int[model.Contents.Operations.Length];
        for (int i = 0; i < groups.Length; i++)
        {
            OperationRecord operation = model.Contents.Operations[i];
            string name = $"{operation.Code}";
            if (operation.Code == OperationCode.Linear)
            {
                ConstantEntry weights = model.Contents.Constants[new LinearRecord(in operation).Weights];
                name += $" {weights.Columns} to {weights.Rows}";
            }
            name += operation.Rows == RowRange.First ? ", first token" : "";
            if (!names.Contains(name))
            {
                names.Add(name);
                products.Add(operation.Code is OperationCode.Linear or OperationCode.Attention);
            }
            groups[i] = names.IndexOf(name);
        }
    }

    /// <summary>The groups' names.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>The group of an operation, by its index in the model.</summary>
    public int GroupOf(int operation) => groups[operation];

    /// <summary>Whether a group's operations contain products.</summary>
    public bool HasProducts(int group) => products[group];
}
