// Tokenizers beside those of npm: the same texts, one thread each, in turns in one run. Prints a Markdown table.
using System.Diagnostics;
using System.Globalization;
using System.Text;
using IBert.Edge.Memory;
using IBert.Edge.Quantization.Tokenizers;
using IBert.Edge.Text;

namespace IBert.Edge.Benchmarks;

/// <summary>MB/s of processor time, of WordPiece or byte-level BPE as the checkpoint has it.</summary>
internal static unsafe class Tokenizers
{
    private const int Rounds = 5;
    private const int Lines = 20_000;

    private static readonly string[] s_libraries = ["tokenizers", "@huggingface/tokenizers"];

    // Of runs of these the vocabularies have few tokens, or many.
    private static readonly string[] s_wordParts = ["a", "supercalifragilistic", "-"];

    /// <param name="texts">A data file, a text and a tab in each line but the first.</param>
    /// <param name="packages">The folder where npm has installed the peers.</param>
    /// <param name="script">TokenizerPeer.mjs.</param>
    /// <param name="checkpoints">Folders with tokenizer files.</param>
    public static void Run(string texts, string packages, string script, ReadOnlySpan<string> checkpoints)
    {
        byte[][] lines = [.. File.ReadLines(texts).Skip(1).Take(Lines).Select(line => Encoding.UTF8.GetBytes(line.Split('\t')[0]))];
        long bytes = lines.Sum(line => (long)line.Length);
        Console.WriteLine($"{lines.Length} texts, {bytes} bytes of UTF-8; one thread, processor time, best of {Rounds} rounds in turns");
        Console.WriteLine();
        Console.WriteLine("| checkpoint | tokenizer | tokens | same ids | MB/s | ours is faster by |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (string checkpoint in checkpoints)
        {
            Compare(checkpoint, lines, bytes, library => new Peer(script, library, packages, checkpoint, texts));
        }
        Console.WriteLine();
        Console.WriteLine("| checkpoint | section, bytes | opened in, ms " +
            $"|{string.Concat(s_wordParts.Select(part => $" 1 MB of \"{part}\" as one word, ms |"))}");
        Console.WriteLine($"|---|---|---|{string.Concat(s_wordParts.Select(_ => "---|"))}");
        foreach (string checkpoint in checkpoints)
        {
            MeasureAlone(checkpoint);
        }
    }

    private static void Compare(string checkpoint, byte[][] lines, long bytes, Func<string, Peer> start)
    {
        byte[] section = TokenizerSections.Build(checkpoint);
        Peer[] peers = [.. s_libraries.Select(start)];
        try
        {
            fixed (byte* memory = GC.AllocateArray<byte>(section.Length, pinned: true))
            {
                section.CopyTo(new Span<byte>(memory, section.Length));
                Tokenizer tokenizer = Tokenizer.Open(new(memory, section.Length));
                Pass best = Pass.None;
                Pass[] others = [.. peers.Select(_ => Pass.None)];
                for (int round = 0; round < Rounds; round++)
                {
                    best = best.Better(Encode(tokenizer, lines));
                    for (int i = 0; i < peers.Length; i++)
                    {
                        others[i] = others[i].Better(peers[i].Encode());
                    }
                }
                string name = NameOf(checkpoint);
                Print($"| {name} | {tokenizer.GetType().Name} | {best.Tokens} | | {bytes / best.Microseconds:F1} | |");
                foreach ((Peer peer, Pass pass) in peers.Zip(others))
                {
                    string same = pass.Tokens == best.Tokens && pass.Checksum == best.Checksum ? "yes" : "no";
                    double speed = bytes / pass.Microseconds, factor = pass.Microseconds / best.Microseconds;
                    Print($"| {name} | {peer.Name} | {pass.Tokens} | {same} | {speed:F1} | {factor:F1} |");
                }
            }
        }
        finally
        {
            foreach (Peer peer in peers)
            {
                peer.Dispose();
            }
        }
    }

    /// <summary>What opening takes, and one word of a megabyte, all of whose tokens are asked for.</summary>
    private static void MeasureAlone(string checkpoint)
    {
        byte[] section = TokenizerSections.Build(checkpoint);
        fixed (byte* memory = GC.AllocateArray<byte>(section.Length, pinned: true))
        {
            section.CopyTo(new Span<byte>(memory, section.Length));
            NativeSpan<byte> mapped = new(memory, section.Length);
            Tokenizer tokenizer = Tokenizer.Open(mapped);
            double opened = Best(() => Tokenizer.Open(mapped));
            string words = "";
            foreach (string part in s_wordParts)
            {
                byte[] word = [.. Enumerable.Repeat(Encoding.UTF8.GetBytes(part), 1_000_000 / part.Length).SelectMany(bytes => bytes)];
                int[] ids = new int[word.Length + 2];
                words += string.Create(CultureInfo.InvariantCulture, $" {Best(() => tokenizer.Encode(word, ids, out _)):F0} |");
            }
            Print($"| {NameOf(checkpoint)} | {section.Length} | {opened:F2} |{words}");
        }
    }

    private static double Best(Action work)
    {
        double best = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            double start = ProcessClock.Milliseconds;
            work();
            best = Math.Min(best, ProcessClock.Milliseconds - start);
        }
        return best;
    }

    private static string NameOf(string checkpoint) => Path.GetFileName(Path.TrimEndingDirectorySeparator(checkpoint));

    private static Pass Encode(Tokenizer tokenizer, byte[][] lines)
    {
        Span<int> ids = stackalloc int[512];
        double start = ProcessClock.Milliseconds;
        long tokens = 0;
        int checksum = 0;
        foreach (byte[] line in lines)
        {
            int count = tokenizer.Encode(line, ids, out _);
            tokens += count;
            foreach (int id in ids[..count])
            {
                checksum = unchecked((checksum * 31) + id);
            }
        }
        return new Pass((ProcessClock.Milliseconds - start) * 1e3, tokens, checksum);
    }

    private static void Print(params FormattableString[] parts) =>
        Console.WriteLine(string.Concat(parts.Select(FormattableString.Invariant)));

    private readonly record struct Pass(double Microseconds, long Tokens, int Checksum)
    {
        public static Pass None => new(double.PositiveInfinity, 0, 0);

        public Pass Better(Pass other) => other.Microseconds < Microseconds ? other : this;
    }

    private sealed class Peer : IDisposable
    {
        private readonly Process process;

        public Peer(string script, string library, string packages, string checkpoint, string texts)
        {
            ProcessStartInfo info = new("node", [script, library, packages, checkpoint, texts, $"{Lines}"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            info.Environment["RAYON_NUM_THREADS"] = "1";
            info.Environment["TOKENIZERS_PARALLELISM"] = "false";
            process = Process.Start(info)!;
            Name = "npm " + Read()["ready ".Length..];
        }

        public string Name { get; }

        public Pass Encode()
        {
            process.StandardInput.WriteLine();
            string[] fields = Read().Split(' ');
            return new Pass(
                double.Parse(fields[0], CultureInfo.InvariantCulture),
                long.Parse(fields[1], CultureInfo.InvariantCulture),
                int.Parse(fields[2], CultureInfo.InvariantCulture));
        }

        public void Dispose()
        {
            process.StandardInput.Close();
            process.WaitForExit();
            process.Dispose();
        }

        private string Read() =>
            process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the peer in node ended: see its message");
    }
}
