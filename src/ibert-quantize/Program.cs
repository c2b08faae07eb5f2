// The workstation program: a Hugging Face checkpoint in, one model file out; and looks at what came out.
using IBert.Edge.Checkpoints;
using IBert.Edge.CommandLine;

namespace IBert.Edge.Quantization.Cli;

internal static class Program
{
    private static int Main(string[] arguments) =>
        CommandProgram.Run("ibert-quantize", () => new QuantizeCommand(), arguments, error => error switch
        {
            CheckpointException => CommandException.Usage(error.Message),
            ModelFormatException or ModelChangedException or InsufficientMemoryException => CommandException.Model(error.Message),
            // An option that the checkpoint or the model bounds; .NET adds the name of a parameter, which nobody typed.
            ArgumentException { ParamName: { } name } =>
                CommandException.Usage(error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)),
            ArgumentException => CommandException.Usage(error.Message),
            _ => null,
        });
}
