// Which ARM64 instructions integer code may contain, read from aarch64-linux-gnu-objdump's disassembly.
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace IBert.Edge.Proofs.Native;

/// <summary>
/// An instruction that names a vector register has to be on the list; so what is unknown is reported, not overlooked. The only
/// float-typed one is FMOV between registers, which moves bits.
/// </summary>
internal static partial class Arm64Rule
{
    private static readonly HashSet<string> s_permitted =
    [
        // Loads, stores, moves, permutations.
        "ldr", "ldur", "ldp", "ldnp", "str", "stur", "stp", "stnp", "ld1", "ld2", "ld3", "ld4", "ld1r", "ld2r", "ld3r", "ld4r", "st1",
            "st2", "st3", "st4",
        "mov", "movi", "mvni", "dup", "ins", "umov", "smov", "ext", "zip1", "zip2", "uzp1", "uzp2", "trn1", "trn2", "tbl", "tbx",
        "rev16", "rev32", "rev64",
        // Bitwise and comparison.
        "and", "orr", "eor", "bic", "orn", "bsl", "bit", "bif", "mvn", "not", "cnt", "clz", "cls", "rbit",
        "cmeq", "cmge", "cmgt", "cmhi", "cmhs", "cmle", "cmlt", "cmtst",
        // Arithmetic.
        "add", "sub", "mul", "mla", "mls", "neg", "abs", "addp", "addv", "addhn", "addhn2", "subhn", "subhn2", "raddhn", "raddhn2",
        "saddl", "saddl2", "uaddl", "uaddl2", "saddw", "saddw2", "uaddw", "uaddw2", "ssubl", "ssubl2", "usubl", "usubl2", "ssubw", "ssubw2",
        "saddlp", "uaddlp", "sadalp", "uadalp", "saddlv", "uaddlv", "smull", "smull2", "umull", "umull2", "smlal", "smlal2", "umlal",
        "umlal2", "smlsl", "smlsl2", "umlsl", "umlsl2", "sdot", "udot", "usdot", "sudot", "smmla", "ummla", "usmmla", "pmul", "pmull",
        "pmull2", "sqadd", "uqadd", "sqsub", "uqsub", "suqadd", "usqadd", "sqabs", "sqneg", "shadd", "uhadd", "shsub", "uhsub", "srhadd",
        "urhadd", "sqdmulh", "sqrdmulh", "sqrdmlah", "sqrdmlsh", "sqdmull", "sqdmull2", "sqdmlal", "sqdmlal2",
        "sabd", "uabd", "saba", "uaba", "sabdl", "sabdl2", "uabdl", "uabdl2", "sabal", "sabal2", "uabal", "uabal2",
        "smax", "smin", "umax", "umin", "smaxp", "sminp", "umaxp", "uminp", "smaxv", "sminv", "umaxv", "uminv",
        // Shifts and narrowing.
        "shl", "sshr", "ushr", "sshl", "ushl", "srshl", "urshl", "srshr", "urshr", "ssra", "usra", "srsra", "ursra", "sli", "sri",
        "sshll", "sshll2", "ushll", "ushll2", "shll", "shll2", "sxtl", "sxtl2", "uxtl", "uxtl2", "shrn", "shrn2", "rshrn", "rshrn2",
        "xtn", "xtn2", "sqxtn", "sqxtn2", "sqxtun", "sqxtun2", "uqxtn", "uqxtn2", "sqshl", "uqshl", "sqshlu", "sqrshl", "uqrshl",
        "sqshrn", "sqshrn2", "sqshrun", "sqshrun2", "uqshrn", "uqshrn2", "sqrshrn", "sqrshrn2", "sqrshrun", "sqrshrun2", "uqrshrn",
        "uqrshrn2",
    ];

    /// <summary>A function as the disassembler shows it.</summary>
    public sealed record Function(string Symbol, List<(string Mnemonic, string Operands)> Instructions);

    /// <summary>The functions of an object file or a program.</summary>
    public static IEnumerable<Function> Disassemble(string path)
    {
        var start =
            new ProcessStartInfo("aarch64-linux-gnu-objdump", ["-d", "--no-show-raw-insn", "-w", path]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        Function? function = null;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (Heading().Match(line) is { Success: true } heading)
            {
                if (function is not null)
                {
                    yield return function;
                }
                function = new(heading.Groups[1].Value, []);
            }
            else if (function is not null && line.Split('\t') is [_, string mnemonic, ..] parts)
            {
                function.Instructions.Add((mnemonic.Trim(), parts.Length > 2 ? parts[2] : ""));
            }
        }
        if (function is not null)
        {
            yield return function;
        }
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidDataException($"objdump could not read {path}");
        }
    }

    /// <summary>The instructions of a function that break the rule.</summary>
    public static IEnumerable<string> Check(Function function) =>
        from instruction in function.Instructions
        where !IsPermitted(instruction.Mnemonic, instruction.Operands)
        select $"{instruction.Mnemonic} {instruction.Operands}";

    private static bool IsPermitted(string mnemonic, string operands)
    {
        // Behind // and < objdump explains addresses; a branch's address may look like a register ("b d10").
        string plain = operands.Split("//")[0].Split('<')[0];
        bool branch = mnemonic is "b" or "bl" or "cbz" or "cbnz" or "tbz" or "tbnz" or "adr" or "adrp" || mnemonic.StartsWith("b.");
        if (branch || !VectorRegister().IsMatch(plain))
        {
            return true;
        }
        return s_permitted.Contains(mnemonic) || (mnemonic == "fmov" && !plain.Contains('#'));
    }

    [GeneratedRegex(@"^[0-9a-f]+ <(.*)>:$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"(?<![\w.])[vqdshb]\d+\b")]
    private static partial Regex VectorRegister();
}
