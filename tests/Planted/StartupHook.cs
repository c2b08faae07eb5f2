// Faults that no input provokes, planted into a program by DOTNET_STARTUP_HOOKS: where nobody catches them.
using System;
using System.Linq;
using System.Threading;

/// <summary>The type that .NET calls before Main; its name is .NET's.</summary>
internal static class StartupHook
{
    private const string Message = "planted\n\u001B[2Jfault";

    public static void Initialize()
    {
        switch (Environment.GetEnvironmentVariable("IBERT_PLANTED"))
        {
            case "thread":
                Start(() => throw new InvalidOperationException(Message));
                break;
            case "memory":
                Start(() => throw new OutOfMemoryException(Message));
                break;
            case "finalizer":
                Start(() =>
                {
                    while (true)
                    {
                        _ = new Finalized();
                        GC.Collect();
                        GC.WaitForPendingFinalizers();
                    }
                });
                break;
            case "end":
                AppDomain.CurrentDomain.ProcessExit += (_, _) => throw new InvalidOperationException(Message);
                break;
        }
    }

    /// <summary>
    /// Acts when the program is at work, in a thread of its own: commands are made, which load this, once what nobody catches has a
    /// handler.
    /// </summary>
    private static void Start(Action act) => new Thread(() =>
    {
        while (!AppDomain.CurrentDomain.GetAssemblies().Any(assembly => assembly.GetName().Name == "IBert.Edge.Quantization"))
        {
            Thread.Sleep(1);
        }
        act();
    }).Start();

    private sealed class Finalized
    {
        ~Finalized() => throw new InvalidOperationException(Message);
    }
}
