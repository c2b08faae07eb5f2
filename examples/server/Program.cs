// A process that answers on a socket until it is told to stop (Ctrl-C, SIGTERM):
//   server MODEL PORT    on this machine's own address, 127.0.0.1; 0 takes a free port
//   server MODEL PATH    on a Unix socket
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using IBert.Edge;
using IBert.Edge.Examples.Server;

if (args is not [string path, string place])
{
    Console.Error.WriteLine("usage: server MODEL PORT-OR-PATH");
    return 2;
}
try
{
    EndPoint address =
        ushort.TryParse(place, out ushort port) ? new IPEndPoint(IPAddress.Loopback, port) : new UnixDomainSocketEndPoint(place);
    using ModelFile model = ModelFile.Open(path);
    using TextServer server = new(model, Environment.ProcessorCount);

    using CancellationTokenSource stop = new();
    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

    using Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
    listener.Bind(address);
    listener.Listen();
    Console.WriteLine($"listening on {listener.LocalEndPoint}");
    await server.ServeAsync(listener, stop.Token);
    return 0;

    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        stop.Cancel();
    }
}
catch (Exception error)
    when (error is ModelFormatException or IOException or UnauthorizedAccessException or SocketException or ArgumentException)
{
    Console.Error.WriteLine($"server: {error.Message.ReplaceLineEndings(" ")}");
    return 2;
}
