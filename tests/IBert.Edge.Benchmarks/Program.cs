// Benchmarks, one command each: figures in a document name the command that printed them. What counts is the native binary:
// dotnet publish tests/IBert.Edge.Benchmarks -r linux-x64 -p:PublishAot=true -p:IlcInstructionSet=x86-64-v3
using IBert.Edge.Benchmarks;

const string usage = """
    usage: IBert.Edge.Benchmarks products                                              (dotnet run)
           IBert.Edge.Benchmarks instructions                                          (build/bench-arm.sh counts them)
           IBert.Edge.Benchmarks peers MODEL FP32.onnx INT8.onnx                        (build/bench.sh)
           IBert.Edge.Benchmarks operations MODEL                                      (build/bench-arm.sh)
           IBert.Edge.Benchmarks work                                                  (build/bench-work.sh)
           IBert.Edge.Benchmarks tokenizers TEXTS.tsv PACKAGES PEER.mjs CHECKPOINT...  (build/bench-tokenizers.sh)
    """;
try
{
    switch (args)
    {
        case ["products"]:
            Products.Run();
            return 0;
        case ["instructions"]:
            Instructions.Run();
            return 0;
        case ["peers", string model, string fp32, string int8]:
            using (Peers peers = new(model, fp32, int8))
            {
                peers.Run();
            }
            return 0;
        case ["work"]:
            WorkBound.Run();
            return 0;
        case ["operations", string model]:
            Operations.Run(model);
            return 0;
        case ["tokenizers", string texts, string packages, string script, .. { Length: > 0 } checkpoints]:
            Tokenizers.Run(texts, packages, script, checkpoints);
            return 0;
        default:
            Console.Error.WriteLine(usage);
            return 2;
    }
}
catch (Exception error)
    when (error is IOException or ArgumentException or InvalidOperationException or IBert.Edge.ModelFormatException or DllNotFoundException
    or IBert.Edge.Checkpoints.CheckpointException or System.ComponentModel.Win32Exception)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
