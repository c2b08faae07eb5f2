// Benchmarks, one command each: figures in a document name the command that printed them.
using IBert.Edge.Benchmarks;

switch (args)
{
    case ["products"]:
        Products.Run();
        return 0;
    case ["instructions"]:
        Instructions.Run();
        return 0;
    default:
        Console.Error.WriteLine("usage: IBert.Edge.Benchmarks products | instructions");
        return 2;
}
