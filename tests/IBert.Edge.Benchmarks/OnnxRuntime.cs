// ONNX Runtime through its C interface, as much of it as one measurement needs.
using System.Runtime.InteropServices;

namespace IBert.Edge.Benchmarks;

/// <summary>The library (its path is given: it is no part of this project). Lives as long as the process.</summary>
internal sealed unsafe class OnnxRuntime
{
    // The version whose part of the function table is used; later libraries still serve it.
    private const uint ApiVersion = 14;

    private const int Error = 3, AllOptimizations = 99;

    private readonly void** functions;
    private readonly nint environment;

    public OnnxRuntime(string library)
    {
        nint* start = ((delegate* unmanaged<nint*>)NativeLibrary.GetExport(NativeLibrary.Load(library), "OrtGetApiBase"))();
        functions = ((delegate* unmanaged<uint, void**>)start[0])(ApiVersion);
        Version = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)start[1])())!;
        if (functions is null)
        {
            throw new InvalidOperationException($"{library}: ONNX Runtime {Version} does not offer version {ApiVersion} of its interface");
        }
        nint created;
        fixed (byte* name = "benchmark\0"u8)
        {
            Check(((delegate* unmanaged<int, byte*, nint*, nint>)this[OrtFunction.CreateEnv])(Error, name, &created));
        }
        environment = created;
    }

    public string Version { get; }

    internal void* this[OrtFunction function] => functions[(int)function];

    /// <summary>Opens a graph for one thread, with all optimizations.</summary>
    public OnnxSession Open(string path)
    {
        nint options, session;
        Check(((delegate* unmanaged<nint*, nint>)this[OrtFunction.CreateSessionOptions])(&options));
        Check(((delegate* unmanaged<nint, int, nint>)this[OrtFunction.SetIntraOpNumThreads])(options, 1));
        Check(((delegate* unmanaged<nint, int, nint>)this[OrtFunction.SetInterOpNumThreads])(options, 1));
        Check(((delegate* unmanaged<nint, int, nint>)this[OrtFunction.SetSessionGraphOptimizationLevel])(options, AllOptimizations));
        nint name = Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            Check(((delegate* unmanaged<nint, nint, nint, nint*, nint>)this[OrtFunction.CreateSession])(environment, name, options, &session));
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
            ((delegate* unmanaged<nint, void>)this[OrtFunction.ReleaseSessionOptions])(options);
        }
        return new OnnxSession(this, session);
    }

    /// <summary>A status is null, or an error with its message.</summary>
    internal void Check(nint status)
    {
        if (status != 0)
        {
            string message = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)this[OrtFunction.GetErrorMessage])(status))!;
            ((delegate* unmanaged<nint, void>)this[OrtFunction.ReleaseStatus])(status);
            throw new InvalidOperationException($"ONNX Runtime: {message}");
        }
    }
}

/// <summary>Places of functions in the table OrtApi (onnxruntime_c_api.h), which only ever grows at its end.</summary>
internal enum OrtFunction
{
    GetErrorMessage = 2,
    CreateEnv = 3,
    CreateSession = 7,
    Run = 9,
    CreateSessionOptions = 10,
    SetSessionGraphOptimizationLevel = 23,
    SetIntraOpNumThreads = 24,
    SetInterOpNumThreads = 25,
    SessionGetInputCount = 30,
    SessionGetInputName = 36,
    CreateTensorWithDataAsOrtValue = 49,
    GetTensorMutableData = 51,
    CreateCpuMemoryInfo = 69,
    GetAllocatorWithDefaultOptions = 78,
    ReleaseStatus = 93,
    ReleaseSession = 95,
    ReleaseValue = 96,
    ReleaseSessionOptions = 100,
}

/// <summary>A classifier's graph: int64 ids, mask and type ids of [1, S] in, <c>logits</c> out.</summary>
internal sealed unsafe class OnnxSession : IDisposable
{
    private const int DeviceAllocator = 0, DefaultMemory = 0, Int64 = 7;

    private readonly OnnxRuntime runtime;
    private readonly nint session, memory;
    private readonly nint[] names, inputs;
    private readonly nint output = Marshal.StringToCoTaskMemUTF8("logits");
    private readonly List<nint> buffers = [];

    internal OnnxSession(OnnxRuntime runtime, nint session)
    {
        this.runtime = runtime;
        this.session = session;
        nuint count;
        nint allocator, info;
        runtime.Check(((delegate* unmanaged<nint, nuint*, nint>)runtime[OrtFunction.SessionGetInputCount])(session, &count));
        runtime.Check(((delegate* unmanaged<nint*, nint>)runtime[OrtFunction.GetAllocatorWithDefaultOptions])(&allocator));
        runtime.Check(((delegate* unmanaged<int, int, nint*, nint>)runtime[OrtFunction.CreateCpuMemoryInfo])(DeviceAllocator, DefaultMemory, &info));
        memory = info;
        names = new nint[count];
        inputs = new nint[count];
        for (nuint i = 0; i < count; i++)
        {
            nint name;
            runtime.Check(((delegate* unmanaged<nint, nuint, nint, nint*, nint>)runtime[OrtFunction.SessionGetInputName])(session, i, allocator, &name));
            names[i] = name;
        }
    }

    /// <summary>What <see cref="Run"/> reads from now on.</summary>
    public void SetTokens(ReadOnlySpan<int> ids)
    {
        ReleaseInputs();
        long* shape = stackalloc long[] { 1, ids.Length };
        for (int i = 0; i < inputs.Length; i++)
        {
            string name = Marshal.PtrToStringUTF8(names[i])!;
            long* data = (long*)NativeMemory.AlignedAlloc((nuint)ids.Length * sizeof(long), 64);
            buffers.Add((nint)data);
            for (int t = 0; t < ids.Length; t++)
            {
                data[t] = name switch
                {
                    "input_ids" => ids[t],
                    "attention_mask" => 1,
                    "token_type_ids" => 0,
                    _ => throw new InvalidOperationException($"the graph asks for an input {name}, which this benchmark does not know"),
                };
            }
            nint value;
            runtime.Check(((delegate* unmanaged<nint, void*, nuint, long*, nuint, int, nint*, nint>)runtime[OrtFunction.CreateTensorWithDataAsOrtValue])(
                memory, data, (nuint)ids.Length * sizeof(long), shape, 2, Int64, &value));
            inputs[i] = value;
        }
    }

    /// <summary>One inference.</summary>
    /// <returns>The label with the largest of so many logits.</returns>
    public int Run(int labels)
    {
        nint value = 0, outputName = output;
        float* logits;
        fixed (nint* inputNames = names, inputValues = inputs)
        {
            runtime.Check(((delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)runtime[OrtFunction.Run])(
                session, 0, inputNames, inputValues, (nuint)inputs.Length, &outputName, 1, &value));
        }
        runtime.Check(((delegate* unmanaged<nint, float**, nint>)runtime[OrtFunction.GetTensorMutableData])(value, &logits));
        int best = Best(new ReadOnlySpan<float>(logits, labels));
        ((delegate* unmanaged<nint, void>)runtime[OrtFunction.ReleaseValue])(value);
        return best;
    }

    public void Dispose()
    {
        ReleaseInputs();
        ((delegate* unmanaged<nint, void>)runtime[OrtFunction.ReleaseSession])(session);
        Marshal.FreeCoTaskMem(output);
    }

    private static int Best(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private void ReleaseInputs()
    {
        foreach (nint buffer in buffers)
        {
            NativeMemory.AlignedFree((void*)buffer);
        }
        buffers.Clear();
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] != 0)
            {
                ((delegate* unmanaged<nint, void>)runtime[OrtFunction.ReleaseValue])(inputs[i]);
                inputs[i] = 0;
            }
        }
    }
}
