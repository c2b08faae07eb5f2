// The team by itself: barriers, errors from every worker, more workers than cores, its end, and no allocation.
using IBert.Edge.Graph;
using Xunit;

namespace IBert.Edge.Tests.Graph;

// What hangs here is a barrier, which no token ends: the time limit is the failure.
#pragma warning disable xUnit1069

public sealed class WorkerTeamTests
{
    // A lost wake-up is a test that hangs; it then fails instead.
    private const int Patience = 300_000;

    private sealed class PlantedException(int worker) : Exception($"planted in worker {worker}");

    public static TheoryData<int, int> WorkersAndSteps => new() { { 2, 1 }, { 2, 40 }, { 3, 7 }, { 8, 25 }, { 33, 5 } };

    [Theory(Timeout = Patience)]
    [MemberData(nameof(WorkersAndSteps))]
    public Task Nobody_passes_a_barrier_before_all_are_there(int workers, int steps) => Concurrently(() =>
    {
        // Of each step, how many have begun it: all must have when the next one begins.
        int[] begun = new int[steps + 1];
        int early = 0;
        WorkerTeam? team = null;
        using (team = new(workers, _ =>
        {
            for (int step = 0; step < steps; step++)
            {
                Interlocked.Increment(ref begun[step]);
                Assert.True(team!.Meet());
                if (Volatile.Read(ref begun[step]) < workers)
                {
                    Interlocked.Increment(ref early);
                }
            }
            Interlocked.Increment(ref begun[steps]);
        }))
        {
            for (int text = 0; text < 100; text++)
            {
                Array.Clear(begun);
                team.Run();
                Assert.All(begun, count => Assert.Equal(workers, count));
            }
        }
        Assert.Equal(0, early);
    });

    public static TheoryData<int, int> FailingWorkers =>
        new() { { 2, 0 }, { 2, 1 }, { 3, 0 }, { 3, 1 }, { 3, 2 }, { 9, 0 }, { 9, 4 }, { 9, 8 } };

    /// <summary>
    /// Before, between and behind the barriers: the caller gets the error, and the next text is done as if nothing had been.
    /// </summary>
    [Theory(Timeout = Patience)]
    [MemberData(nameof(FailingWorkers))]
    public Task An_error_of_any_worker_reaches_the_caller_and_the_team_stays_usable(int workers, int failing) => Concurrently(() =>
    {
        const int Steps = 3;
        int failsAt = -1, done = 0;
        WorkerTeam? team = null;
        using (team = new(workers, worker =>
        {
            for (int step = 0; step <= Steps; step++)
            {
                if (worker == failing && step == failsAt)
                {
                    throw new PlantedException(worker);
                }
                if (step < Steps && !team!.Meet())
                {
                    return;
                }
            }
            Interlocked.Increment(ref done);
        }))
        {
            for (int round = 0; round < 20; round++)
            {
                for (failsAt = 0; failsAt <= Steps; failsAt++)
                {
                    PlantedException error = Assert.Throws<PlantedException>(team.Run);
                    Assert.Equal($"planted in worker {failing}", error.Message);
                    // Where it was thrown is still said.
                    Assert.Contains(nameof(WorkerTeamTests), error.StackTrace, StringComparison.Ordinal);
                }
                (failsAt, done) = (-1, 0);
                team.Run();
                Assert.Equal(workers, done);
            }
        }
    });

    [Fact(Timeout = Patience)]
    public Task Of_several_errors_one_reaches_the_caller() => Concurrently(() =>
    {
        using WorkerTeam team = new(4, worker => throw new PlantedException(worker));
        for (int text = 0; text < 100; text++)
        {
            Assert.Throws<PlantedException>(team.Run);
        }
    });

    /// <summary>
    /// Spinning ends, so that the one who is waited for has a core; those who are parked wake when it arrives, at the barrier and at the
    /// end.
    /// </summary>
    [Theory(Timeout = Patience)]
    [InlineData(0)]
    [InlineData(2)]
    public Task Who_waits_long_is_parked_until_the_last_one_comes(int last) => Concurrently(() =>
    {
        const int Workers = 4;
        WorkerTeam? team = null;
        using (team = new(Workers, worker =>
        {
            AwaitOthers(worker, Workers - 1);
            Assert.True(team!.Meet());
            // At the end of a text only the caller waits.
            AwaitOthers(worker, last == 0 ? 0 : 1);
        }))
        {
            for (int text = 0; text < 3; text++)
            {
                team.Run();
                Assert.Equal(0, team.Parked);
            }
        }

        void AwaitOthers(int worker, int parked)
        {
            while (worker == last && team!.Parked < parked)
            {
                Thread.Sleep(1);
            }
        }
    });

    [Fact(Timeout = Patience)]
    public Task Nothing_is_allocated_for_a_text_by_any_worker() => Concurrently(() =>
    {
        const int Workers = 5, Texts = 500;
        long[] allocated = new long[Workers];
        long caller = 0;
        WorkerTeam? team = null;
        using (team = new(Workers, worker =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int step = 0; step < 4; step++)
            {
                // Some wait long enough to be parked.
                Thread.SpinWait(worker == step ? 20_000 : 10);
                team!.Meet();
            }
            allocated[worker] += GC.GetAllocatedBytesForCurrentThread() - before;
        }))
        {
            team.Run();
            // As in Allocations: a collection that another thread causes charges this one with what is left of its part of the heap.
            for (int round = 0; round < 5; round++)
            {
                Array.Clear(allocated);
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int text = 0; text < Texts; text++)
                {
                    team.Run();
                }
                caller = GC.GetAllocatedBytesForCurrentThread() - before;
                if (caller == 0 && allocated.All(bytes => bytes == 0))
                {
                    break;
                }
            }
        }
        Assert.Equal(0, caller);
        Assert.All(allocated, bytes => Assert.Equal(0, bytes));
    });

    [Fact(Timeout = Patience)]
    public Task It_can_be_disposed_in_every_state() => Concurrently(() =>
    {
        bool fails = false;
        int running = 0;
        void Work(int worker)
        {
            Interlocked.Increment(ref running);
            if (fails)
            {
                throw new PlantedException(worker);
            }
        }
        for (int round = 0; round < 50; round++)
        {
            // Before its threads have started up.
            new WorkerTeam(6, Work).Dispose();
        }
        Assert.Equal(0, running);
        // After texts, after an error, twice.
        foreach (bool failing in (bool[])[false, true])
        {
            fails = failing;
            WorkerTeam team = new(3, Work);
            Exception? error = Record.Exception(team.Run);
            Assert.Equal(failing, error is PlantedException);
            team.Dispose();
            team.Dispose();
            Assert.Throws<ObjectDisposedException>(team.Run);
        }
    });

    [Fact]
    public void One_worker_is_no_team() => Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerTeam(1, _ => { }));

    /// <summary>Away from the test's own thread: xunit can only give up waiting for what is not on it.</summary>
    private static Task Concurrently(Action test) =>
        Task.Factory.StartNew(test, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
