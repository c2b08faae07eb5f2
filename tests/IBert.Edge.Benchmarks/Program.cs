// Benchmarks, one command each: figures in a document name the command that printed them. What counts is the native binary:
// dotnet publish tests/IBert.Edge.Benchmarks -r linux-x64 -p:PublishAot=true -p:IlcInstructionSet=x86-64-v3 -p:IBertFrameworks=net10.0
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
