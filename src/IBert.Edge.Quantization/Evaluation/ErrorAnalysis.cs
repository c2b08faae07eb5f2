// Compares every tensor of the integer graph with the FP32 reference, and finds the operation that an error comes from.
using IBert.Edge.Format;
using IBert.Edge.Graph;
using IBert.Edge.Kernels;
using IBert.Edge.Quantization.Lowering;
using IBert.Edge.Quantization.Reference;

namespace IBert.Edge.Quantization.Evaluation;

internal static class ErrorAnalysis
{
    /// <summary>The error of every tensor over some texts, in the order of the operations.</summary>
    public static IReadOnlyList<TensorError> Run(
        ModelFile model, IReadOnlyList<QuantizedTensor> tensors, Fp32Model reference, IReadOnlyList<TokenizedText> texts, int threads,
        Action<double>? progress)
    {
        (SquaredError Own, SquaredError EndToEnd)[][] errors = new (SquaredError, SquaredError)[texts.Count][];
        int done = 0;
        object gate = new();
        Parallel.For(
            0, texts.Count, new ParallelOptions { MaxDegreeOfParallelism = threads }, () => new Worker(model, tensors, reference),
            (i, _, worker) =>
            {
                errors[i] = worker.Run(texts[i]);
                int count = Interlocked.Increment(ref done);
                lock (gate)
                {
                    progress?.Invoke((double)count / texts.Count);
                }
                return worker;
            },
            worker => worker.Dispose());

        TensorError[] sums = new TensorError[tensors.Count];
        for (int t = 0; t < sums.Length; t++)
        {
            // In the order of the texts: the same digits with any number of threads.
            SquaredError own = default, endToEnd = default;
            foreach ((SquaredError Own, SquaredError EndToEnd)[] text in errors)
            {
                own += text[t].Own;
                endToEnd += text[t].EndToEnd;
            }
            sums[t] = new TensorError(tensors[t], model.Contents.Tensors[tensors[t].Index].Type, own, endToEnd);
        }
        return sums;
    }

    /// <summary>One thread's executor with the reference beside it.</summary>
    private sealed class Worker : IDisposable, IReferenceObserver
    {
        private readonly ModelFile model;
        private readonly IReadOnlyList<QuantizedTensor> tensors;
        private readonly Dictionary<ushort, QuantizedTensor> byIndex;
        private readonly ILookup<int, int> byOperation;
        private readonly FloatOperations operations;
        private readonly Fp32Runner runner;
        private readonly Executor executor;
        private readonly float[] logits;
        private readonly Dictionary<TensorKey, float[]> expected = [];
        private readonly (SquaredError Own, SquaredError EndToEnd)[] errors;

        public Worker(ModelFile model, IReadOnlyList<QuantizedTensor> tensors, Fp32Model reference)
        {
            this.model = model;
            this.tensors = tensors;
            byIndex = tensors.ToDictionary(tensor => tensor.Index);
            byOperation = Enumerable.Range(0, tensors.Count).ToLookup(t => tensors[t].Operation);
            operations = new FloatOperations(reference);
            runner = new Fp32Runner(reference);
            executor = new Executor(model.Contents, KernelSet.Select(), model.MaxLength, 1) { AfterOperation = Compare };
            logits = new float[reference.Config.Labels.Count];
            errors = new (SquaredError, SquaredError)[tensors.Count];
        }

        public (SquaredError Own, SquaredError EndToEnd)[] Run(TokenizedText text)
        {
            Array.Clear(errors);
            expected.Clear();
            // A graph may compute the last layer for all tokens, and one that does not writes the first rows of what the reference does.
            runner.Run(text.Ids, text.Types, logits, this, wholeLastLayer: true);
            foreach (QuantizedTensor tensor in tensors.Where(tensor => FloatOperations.IsTable(tensor.Key.Site)))
            {
                expected[tensor.Key] = operations.Table(tensor.Key.Site, text);
            }
            executor.Run(new(text.Ids, [.. text.Types.Select(type => (byte)type)]));
            return [.. errors];
        }

        public void Observe(TensorSite site, int layer, ReadOnlySpan<float> values, int rows, int columns) =>
            expected[new TensorKey(site, layer)] = values.ToArray();

        public void Dispose() => executor.Dispose();

        private void Compare(int index)
        {
            OperationRecord operation = model.Contents.Operations[index];
            List<float[]> inputs = [];
            foreach (ushort input in operation.Inputs)
            {
                if (input != OperationRecord.None)
                {
                    inputs.Add(Values(byIndex[input]));
                }
            }
            foreach (int t in byOperation[index])
            {
                QuantizedTensor tensor = tensors[t];
                float[] values = Values(tensor), endToEnd = expected[tensor.Key];
                float[] own = operation.Code == OperationCode.Embed
                    ? endToEnd
                    : operations.Run(operation.Code, tensor, inputs, values.Length / tensor.Channels);
                errors[t] = (Difference(values, own), Difference(values, endToEnd));
            }
        }

        /// <summary>The values that a tensor's integers stand for: [rows, channels] without padding.</summary>
        private float[] Values(QuantizedTensor tensor)
        {
            int[] integers = ArenaIntegers.Read(model, executor, tensor);
            float[] values = new float[integers.Length / tensor.Columns * tensor.Channels];
            for (int i = 0; i < integers.Length; i++)
            {
                int row = i / tensor.Columns, column = i % tensor.Columns, channel = tensor.Channel(column);
                if (channel != QuantizedTensor.NoChannel)
                {
                    double shift = column == channel ? tensor.Shift(channel) : 0;
                    values[(row * tensor.Channels) + channel] += (float)(((integers[i] - tensor.ZeroPoint) * tensor.Step(column)) + shift);
                }
            }
            return values;
        }

        private static SquaredError Difference(float[] values, float[] expected)
        {
            double signal = 0, noise = 0;
            for (int i = 0; i < values.Length; i++)
            {
                signal += (double)expected[i] * expected[i];
                noise += ((double)values[i] - expected[i]) * ((double)values[i] - expected[i]);
            }
            return new SquaredError(signal, noise);
        }
    }
}
