// How many multiplications a model's products take.
using IBert.Edge.Format;
using IBert.Edge.Graph.Operations;

namespace IBert.Edge.Cli.Inspection;

/// <summary>Multiply-accumulates of products, of the true sizes: padding does not count, rows that are left out do not either.</summary>
internal static class ProductWork
{
    /// <summary>Of one operation on a sequence of that length.</summary>
    public static long Macs(ModelFile model, in OperationRecord operation, int sequence) =>
        OperationFactory.Create(model.Contents, operation)!.Products(sequence);

    /// <summary>Of the whole model.</summary>
    public static long Macs(ModelFile model, int sequence)
    {
        long sum = 0;
        foreach (ref readonly OperationRecord operation in model.Contents.Operations)
        {
            sum += Macs(model, operation, sequence);
        }
        return sum;
    }
}
