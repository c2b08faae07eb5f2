// Threads that share one text's work, without allocating.
using System.Runtime.ExceptionServices;

namespace IBert.Edge.Graph;

/// <summary>
/// A fixed number of threads, of which the caller is the first. Between texts the others are parked and cost nothing; within a text they
/// wait for each other by spinning, as an operation takes tens of microseconds and waking a parked thread takes as long. Who has waited far
/// longer than that is parked too: on a machine with fewer free cores than workers, spinning keeps those from running that are waited for.
/// Used by one thread at a time.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    /// <summary>
    /// Turns of <see cref="SpinWait"/> before a worker is parked. The first ten are short; of the others each second one gives the core
    /// away, which takes about a microsecond where nobody wants it.
    /// </summary>
    private const int SpinTurns = 100;

    private readonly Action<int> work;
    private readonly Thread[] threads;

    // What parked threads wait for: it is pulsed whenever one of the numbers below has changed and somebody may be parked.
    private readonly object gate = new();

    // Texts begun.
    private int generation;
    private bool stopped;

    // The barrier of a text: how many have arrived, and how often all had.
    private int arrived;
    private int phase;

    // Workers that have not finished the text, and workers that are parked within it.
    private int running;
    private int parked;

    // The first error of a text; whoever sees it does no more of that text.
    private ExceptionDispatchInfo? failure;

    /// <param name="workers">Number of workers, the caller included; 2 or more.</param>
    /// <param name="work">
    /// What each worker does for a text, given its number. All meet equally often (<see cref="Meet"/>), and return as soon as that answers
    /// false.
    /// </param>
    /// <exception cref="OutOfMemoryException">The system has not as many threads.</exception>
    public WorkerTeam(int workers, Action<int> work)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 2);
        this.work = work;
        Workers = workers;
        threads = new Thread[workers - 1];
        lock (gate)
        {
            // What waiting takes once in a thread is taken before the first text.
            Monitor.Wait(gate, 0);
        }
        int started = 0;
        try
        {
            for (; started < threads.Length; started++)
            {
                int worker = started + 1;
                threads[started] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"ibert worker {worker}" };
                threads[started].Start();
            }
        }
        catch
        {
            Stop(started);
            throw;
        }
    }

    /// <summary>Number of workers, the caller included.</summary>
    public int Workers { get; }

    /// <summary>Workers that are parked in the middle of a text: for tests.</summary>
    internal int Parked => Volatile.Read(ref parked);

    /// <summary>Does one text's work; returns when all workers have done their part.</summary>
    /// <remarks>
    /// What a worker throws, the first of several, is thrown here when all have stopped; the team then serves the next text.
    /// </remarks>
    public void Run()
    {
        ObjectDisposedException.ThrowIf(stopped, this);
        running = Workers;
        lock (gate)
        {
            generation++;
            Monitor.PulseAll(gate);
        }
        Do(0);
        Await(ref running, 0, orFailure: false);
        if (failure is { } error)
        {
            // Whoever had arrived left without the others.
            arrived = 0;
            failure = null;
            error.Throw();
        }
    }

    /// <summary>Waits until all workers are here.</summary>
    /// <returns>Whether to go on: false where a worker has failed.</returns>
    public bool Meet()
    {
        int current = Volatile.Read(ref phase);
        if (Interlocked.Increment(ref arrived) == Workers)
        {
            arrived = 0;
            Interlocked.Increment(ref phase);
            WakeParked();
        }
        else
        {
            Await(ref phase, current + 1, orFailure: true);
        }
        return Volatile.Read(ref failure) is null;
    }

    /// <summary>Ends the threads, after the text that they are at.</summary>
    public void Dispose() => Stop(threads.Length);

    private void Stop(int started)
    {
        lock (gate)
        {
            stopped = true;
            Monitor.PulseAll(gate);
        }
        for (int i = 0; i < started; i++)
        {
            threads[i].Join();
        }
    }

    private void Serve(int worker)
    {
        int seen = 0;
        while (true)
        {
            lock (gate)
            {
                while (generation == seen && !stopped)
                {
                    Monitor.Wait(gate);
                }
                if (stopped)
                {
                    return;
                }
                seen = generation;
            }
            Do(worker);
        }
    }

    /// <summary>A worker's part of a text. Nothing that it throws may end its thread, and with it the process.</summary>
    private void Do(int worker)
    {
        try
        {
            work(worker);
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
        }
        Interlocked.Decrement(ref running);
        // The caller may be waiting for the last one, and others, where this one failed, at the barrier.
        WakeParked();
    }

    /// <summary>Waits until a number has a value, or also until a worker has failed.</summary>
    private void Await(ref int number, int until, bool orFailure)
    {
        SpinWait spinner = default;
        while (!Reached(ref number, until, orFailure))
        {
            if (spinner.Count < SpinTurns)
            {
                // Never sleeps a millisecond: that is the time of a whole text.
                spinner.SpinOnce(sleep1Threshold: -1);
                continue;
            }
            lock (gate)
            {
                // First it counts as parked, then it looks once more; whoever changes the number does so first, and then looks for parked
                // ones.
                Interlocked.Increment(ref parked);
                while (!Reached(ref number, until, orFailure))
                {
                    Monitor.Wait(gate);
                }
                Interlocked.Decrement(ref parked);
            }
        }
    }

    private bool Reached(ref int number, int until, bool orFailure) =>
        Volatile.Read(ref number) == until || (orFailure && Volatile.Read(ref failure) is not null);

    private void WakeParked()
    {
        if (Volatile.Read(ref parked) != 0)
        {
            lock (gate)
            {
                Monitor.PulseAll(gate);
            }
        }
    }
}
