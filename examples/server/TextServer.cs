// Clients, and the classifiers that they share.
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace IBert.Edge.Examples.Server;

/// <summary>
/// Answers texts that come over sockets: UTF-8, a line each; a line back for each, in order. What one client does is its own affair: a text
/// has a largest size, and whoever neither sends nor takes anything for a while is let go.
/// </summary>
internal sealed class TextServer : IDisposable
{
    private const int MaxClients = 256, MaxTextBytes = 16 * 1024;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    // A classifier serves one text at a time. They are handed out text by text, in the order in which clients ask, so that many texts of
    // one client keep nobody else waiting; and there are as many as can run at once, however many clients there are.
    private readonly Channel<Classifier> idle = Channel.CreateUnbounded<Classifier>();
    private readonly Classifier[] classifiers;

    /// <summary>Creates the classifiers, which share the model's mapped weights.</summary>
    public TextServer(ModelFile model, int count)
    {
        classifiers = [.. Enumerable.Range(0, count).Select(_ => new Classifier(model))];
        foreach (Classifier classifier in classifiers)
        {
            idle.Writer.TryWrite(classifier);
        }
    }

    /// <summary>Accepts clients until it is told to stop, and comes back when the last of them is gone.</summary>
    public async Task ServeAsync(Socket listener, CancellationToken stop)
    {
        using SemaphoreSlim places = new(MaxClients);
        try
        {
            while (true)
            {
                await places.WaitAsync(stop);
                Socket client;
                try
                {
                    client = await AcceptAsync(listener, stop);
                }
                catch (OperationCanceledException)
                {
                    places.Release();
                    throw;
                }
                // Not on this path: a client whose lines are all there already would keep it from the next accept.
                _ = Task.Run(() => AnswerAsync(client, places, stop), CancellationToken.None);
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop, and so are the clients: each gives its place back.
            for (int i = 0; i < MaxClients; i++)
            {
                await places.WaitAsync(CancellationToken.None);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Classifier classifier in classifiers)
        {
            classifier.Dispose();
        }
    }

    private static async Task<Socket> AcceptAsync(Socket listener, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return await listener.AcceptAsync(stop);
            }
            catch (SocketException)
            {
                // The client has gone already, or this process has no more descriptors for now.
                await Task.Delay(100, stop);
            }
        }
    }

    private async Task AnswerAsync(Socket client, SemaphoreSlim places, CancellationToken stop)
    {
        try
        {
            using Socket connection = client;
            await AnswerLinesAsync(connection, stop);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // It hung up, or was silent for too long, or the server stops.
        }
        catch (Exception error)
        {
            Console.Error.WriteLine($"server: a client was dropped: {error.Message}");
        }
        finally
        {
            places.Release();
        }
    }

    private async Task AnswerLinesAsync(Socket client, CancellationToken stop)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        byte[] buffer = new byte[MaxTextBytes];
        int held = 0;
        while (true)
        {
            patience.CancelAfter(s_patience);
            int received = await client.ReceiveAsync(buffer.AsMemory(held), patience.Token);
            held += received;
            int begin = 0;
            while (buffer.AsSpan(begin, held - begin).IndexOf((byte)'\n') is int length and >= 0)
            {
                await AnswerLineAsync(client, buffer.AsMemory(begin, length), patience);
                begin += length + 1;
            }
            buffer.AsSpan(begin, held - begin).CopyTo(buffer);
            held -= begin;
            if (held == buffer.Length)
            {
                await SendAsync(client, $"error: a text has at most {MaxTextBytes - 1} bytes", patience);
                return;
            }
            if (received == 0)
            {
                if (held > 0)
                {
                    await AnswerLineAsync(client, buffer.AsMemory(0, held), patience);
                }
                return;
            }
        }
    }

    private async Task AnswerLineAsync(Socket client, ReadOnlyMemory<byte> line, CancellationTokenSource patience)
    {
        // A client whose lines are all there already would keep its thread, and others from it.
        await Task.Yield();
        string answer;
        Classifier classifier = await idle.Reader.ReadAsync(patience.Token);
        try
        {
            answer = classifier.Classify(line.Span.TrimEnd((byte)'\r')).ToString();
        }
        catch (ModelChangedException error)
        {
            answer = $"error: {error.Message}";
        }
        finally
        {
            idle.Writer.TryWrite(classifier);
        }
        await SendAsync(client, answer, patience);
    }

    private static async Task SendAsync(Socket client, string line, CancellationTokenSource patience)
    {
        patience.CancelAfter(s_patience);
        ReadOnlyMemory<byte> rest = Encoding.UTF8.GetBytes(line + "\n");
        while (!rest.IsEmpty)
        {
            rest = rest[await client.SendAsync(rest, patience.Token)..];
        }
    }
}
