// The one place that knows every operation.
using IBert.Edge.Format;

namespace IBert.Edge.Graph.Operations;

/// <summary>Makes operations from records. A function of an operation that is computed in another way is an operation of its own.</summary>
internal static class OperationFactory
{
    /// <summary>The operation of a record; null where this program does not know its code or its function.</summary>
    public static Operation? Create(ModelContents model, in OperationRecord record) => (record.Code, FunctionOf(record)) switch
    {
        (OperationCode.Embed, FunctionKind.Closest) => new EmbedOperation(model, record),
        (OperationCode.LayerNorm, FunctionKind.Closest) => new LayerNormOperation(model, record),
        (OperationCode.LayerNorm, FunctionKind.Published) => new PublishedLayerNormOperation(model, record),
        (OperationCode.Linear, FunctionKind.Closest) => new LinearOperation(model, record),
        (OperationCode.Attention, FunctionKind.Closest) => new AttentionOperation(model, record),
        (OperationCode.Attention, FunctionKind.Published) => new PublishedAttentionOperation(model, record),
        (OperationCode.Gate, FunctionKind.Closest) => new GateOperation(model, record),
        (OperationCode.Gate, FunctionKind.Published) => new PublishedGateOperation(model, record),
        (OperationCode.Add, FunctionKind.Closest) => new AddOperation(model, record),
        _ => null,
    };

    /// <summary>All operations of a proven model, in order.</summary>
    public static Operation[] CreateAll(ModelContents model)
    {
        Operation[] operations = new Operation[model.Operations.Length];
        for (int i = 0; i < operations.Length; i++)
        {
            operations[i] = Create(model, model.Operations[i])!;
        }
        return operations;
    }

    /// <summary>Which form of its function an operation computes; those that have only one do not say.</summary>
    public static FunctionKind FunctionOf(in OperationRecord record) => record.Code switch
    {
        OperationCode.LayerNorm => new LayerNormRecord(in record).Function,
        OperationCode.Attention => new AttentionRecord(in record).Function,
        OperationCode.Gate => new GateRecord(in record).Function,
        _ => FunctionKind.Closest,
    };
}
