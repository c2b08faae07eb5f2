// The C# that the READMEs show compiles as it stands and runs.
using System.Diagnostics;
using System.Text.RegularExpressions;
using IBert.Edge.TestSupport;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Xunit;

namespace IBert.Edge.Tests;

/// <summary>
/// Each block is a program of its own (top-level statements), run in a folder in which every model that it names lies as
/// <c>models/NAME</c>: the committed one, or where there is none a small one.
/// </summary>
public sealed partial class ReadmeTests
{
    // What an SDK project of today has; a README shows programs, not their projects.
    private const string ImplicitUsings = "global using System; global using System.Collections.Generic; global using System.IO; global " +
        "using System.Linq; global using System.Threading.Tasks;";

    public static TheoryData<string, int> Blocks
    {
        get
        {
            TheoryData<string, int> blocks = [];
            foreach (string readme in new[] { "README.md", Path.Combine("src", "IBert.Edge", "README.md") })
            {
                string path = Path.Combine(Shared.Repository, readme);
                for (int i = 0; i < (File.Exists(path) ? Block().Count(File.ReadAllText(path)) : 0); i++)
                {
                    blocks.Add(readme, i);
                }
            }
            return blocks;
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void A_block_of_CSharp_compiles_and_runs(string readme, int block)
    {
        string code = Block().Matches(File.ReadAllText(Path.Combine(Shared.Repository, readme)))[block].Groups[1].Value;
        string folder = Directory.CreateTempSubdirectory("ibert-readme-").FullName;
        try
        {
            string program = Path.Combine(folder, "block.dll");
            Compile(code, program);
            PlaceModels(code, folder);

            (int exitCode, string said) = Run(program, folder);

            Assert.True(exitCode == 0, $"{readme}, block {block} ended with {exitCode}: {said}\n{code}");
            Assert.NotEqual("", said);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_block_that_does_not_compile_is_told()
    {
        string program = Path.Combine(Path.GetTempPath(), "never-written.dll");
        string message = Assert.ThrowsAny<Exception>(() => Compile("IBert.Edge.Classifier.Guess();", program)).Message;
        Assert.Contains("CS0117", message, StringComparison.Ordinal);
    }

    private static void Compile(string code, string program)
    {
        string[] platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        CSharpParseOptions parsing = new(LanguageVersion.Preview);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "block",
            [CSharpSyntaxTree.ParseText(ImplicitUsings, parsing), CSharpSyntaxTree.ParseText(code, parsing)],
            platform.Where(path => !Path.GetFileName(path).StartsWith("IBert.Edge.Tests", StringComparison.Ordinal))
                .Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using MemoryStream assembly = new();
        EmitResult result = compilation.Emit(assembly);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
        File.WriteAllBytes(program, assembly.ToArray());
        foreach (string library in new[] { "IBert.Edge.dll", "IBert.Edge.Quantization.dll" })
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, library), Path.Combine(Path.GetDirectoryName(program)!, library));
        }
        File.Copy(Path.Combine(AppContext.BaseDirectory, "IBert.Edge.Fuzz.runtimeconfig.json"),
            Path.ChangeExtension(program, ".runtimeconfig.json"));
    }

    private static void PlaceModels(string code, string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "models"));
        foreach (Match match in Model().Matches(code))
        {
            string committed = Path.Combine(Shared.Repository, match.Value), copy = Path.Combine(folder, match.Value);
            if (File.Exists(committed))
            {
                File.Copy(committed, copy, overwrite: true);
            }
            else
            {
                File.Copy(TestModels.Tiny, copy, overwrite: true);
            }
        }
    }

    private static (int ExitCode, string Said) Run(string program, string folder)
    {
        ProcessStartInfo start =
            new("dotnet", [program]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said + errors.Result);
    }

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"models/[\w-]+\.ibert")]
    private static partial Regex Model();
}
