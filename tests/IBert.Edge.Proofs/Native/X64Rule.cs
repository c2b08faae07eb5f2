// Which x64 instructions integer code may contain: everything that stays in general registers, and a list for the vector ones.
using Iced.Intel;

namespace IBert.Edge.Proofs.Native;

/// <summary>
/// An instruction that touches a vector register has to be on the list; so what is unknown is reported, not overlooked. Integer
/// vector instructions are the ones that Intel names with a P (PADDD, VPMADDWD, VPBROADCASTB). The float-typed moves, bitwise forms
/// and shuffles are listed one by one: they move bits and neither round nor trap. x87 and MMX have no place at all.
/// </summary>
internal static class X64Rule
{
    private static readonly HashSet<string> s_floatTypedMoves =
    [
        "movaps", "movups", "movapd", "movupd", "movss", "movsd", "movlps", "movhps", "movlpd", "movhpd", "movlhps", "movhlps",
        "movntps", "movntpd", "movmskps", "movmskpd", "movsldup", "movshdup", "movddup",
        "xorps", "xorpd", "andps", "andpd", "andnps", "andnpd", "orps", "orpd",
        "shufps", "shufpd", "unpcklps", "unpckhps", "unpcklpd", "unpckhpd", "insertps", "extractps",
        "blendps", "blendpd", "blendvps", "blendvpd", "broadcastss", "broadcastsd", "broadcastf128",
        "permilps", "permilpd", "permps", "permpd", "perm2f128", "insertf128", "extractf128",
    ];

    private static readonly HashSet<string> s_integerMoves =
    [
        "movd", "movq", "movdqa", "movdqu", "movdqa32", "movdqa64", "movdqu8", "movdqu16", "movdqu32", "movdqu64", "movntdq", "movntdqa",
        "lddqu", "inserti128", "extracti128", "inserti32x4", "inserti64x4", "extracti32x4", "extracti64x4",
        "broadcasti128", "broadcasti32x4", "broadcasti64x4", "zeroupper", "zeroall",
    ];

    /// <summary>The instructions of a function that break the rule.</summary>
    public static (int Instructions, List<string> Violations) Check(ReadOnlyMemory<byte> code, ulong address)
    {
        var decoder = Decoder.Create(64, code.ToArray(), address);
        var info = new InstructionInfoFactory();
        var violations = new List<string>();
        int count = 0;
        while (decoder.IP < address + (ulong)code.Length)
        {
            Instruction instruction = decoder.Decode();
            count++;
            if (instruction.IsInvalid || (TouchesVectors(instruction, info) && !IsPermitted(instruction.Mnemonic)))
            {
                violations.Add(instruction.ToString());
            }
        }
        return (count, violations);
    }

    private static bool TouchesVectors(in Instruction instruction, InstructionInfoFactory info)
    {
        foreach (UsedRegister used in info.GetInfo(instruction).GetUsedRegisters())
        {
            if (used.Register.IsVectorRegister() || used.Register.IsMM() || used.Register.IsST())
            {
                return true;
            }
        }
        return instruction.CpuidFeatures.Any(f => f is CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387);
    }

    private static bool IsPermitted(Mnemonic mnemonic)
    {
        string name = mnemonic.ToString().ToLowerInvariant();
        string legacy = name.StartsWith('v') ? name[1..] : name;
        // 3DNow!, the only P names that are floating point: PFADD, PI2FD, PF2ID and so on.
        bool threeDNow = legacy.StartsWith("pf") || legacy.StartsWith("pi2f");
        return s_floatTypedMoves.Contains(legacy) || s_integerMoves.Contains(legacy) || (legacy.StartsWith('p') && !threeDNow);
    }
}
