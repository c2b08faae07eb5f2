// A classifier's graph in ONNX Runtime, as much of it as one measurement needs.
using Microsoft.ML.OnnxRuntime;

namespace IBert.Edge.Benchmarks;

/// <summary>One thread, all optimizations: int64 ids, mask and type ids of [1, S] in, <c>logits</c> out.</summary>
internal sealed class OnnxSession : IDisposable
{
    private static readonly string[] s_outputs = ["logits"];

    private readonly InferenceSession session;
    private readonly RunOptions run = new();
    private readonly string[] names;
    private readonly OrtValue?[] inputs;

    /// <summary>Opens a graph.</summary>
    public OnnxSession(string path)
    {
        using SessionOptions options = new()
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        };
        session = new InferenceSession(path, options);
        names = [.. session.InputNames];
        inputs = new OrtValue?[names.Length];
    }

    /// <summary>The library's version.</summary>
    public static string Version => OrtEnv.Instance().GetVersionString();

    /// <summary>What <see cref="Run"/> reads from now on.</summary>
    public void SetTokens(ReadOnlySpan<int> ids)
    {
        ReleaseInputs();
        for (int i = 0; i < inputs.Length; i++)
        {
            long[] data = new long[ids.Length];
            for (int t = 0; t < ids.Length; t++)
            {
                data[t] = names[i] switch
                {
                    "input_ids" => ids[t],
                    "attention_mask" => 1,
                    "token_type_ids" => 0,
                    string name =>
                        throw new InvalidOperationException($"the graph asks for an input {name}, which this benchmark does not know"),
                };
            }
            inputs[i] = OrtValue.CreateTensorValueFromMemory(data, [1, ids.Length]);
        }
    }

    /// <summary>One inference.</summary>
    /// <returns>The label with the largest logit.</returns>
    public int Run()
    {
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, names, inputs, s_outputs);
        ReadOnlySpan<float> logits = outputs[0].GetTensorDataAsSpan<float>();
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    public void Dispose()
    {
        ReleaseInputs();
        run.Dispose();
        session.Dispose();
    }

    private void ReleaseInputs()
    {
        foreach (OrtValue? input in inputs)
        {
            input?.Dispose();
        }
        Array.Clear(inputs);
    }
}
