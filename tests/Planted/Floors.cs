// References from a lower floor to an upper one, and next door, in every shape that the test of floors must find; each member has one.
using System;
using System.Collections.Generic;
using System.Linq;

namespace IBert.Edge.Planted.Floors
{
    /// <summary>What the lower floor must not know; it may know the lower floor.</summary>
    public class Upper : Exception
    {
        public static int Count { get; set; }

        public static int Read(Lower.Content content) => content.Value;
    }

    public interface IUpper;

    [AttributeUsage(AttributeTargets.All)]
    public sealed class UpperAttribute : Attribute;
}

namespace IBert.Edge.Planted.Floors.Beside
{
    public static class NextDoor
    {
        public static int Count { get; set; }
    }
}

namespace IBert.Edge.Planted.Floors.Lower
{
    /// <summary>What may be: its own room and the framework.</summary>
    public sealed class Content
    {
        public int Value { get; set; }

        public Content Next() => new() { Value = Value + 1 };
    }

    public unsafe class Reaching
    {
        public IUpper? Field;

        public List<Upper[]>? GenericField;

        public delegate*<Upper, void> Pointer;

        public static int Parameter(Upper upper) => upper is null ? 0 : 1;

        public static Upper? Result() => null;

        public static int Call() => Upper.Count;

        public static int NextDoor() => Beside.NextDoor.Count;

        public static object GenericArgument() => new Dictionary<int, (long, Upper)>();

        public static int GenericMethodArgument() => Enumerable.Empty<Upper>().Count();

        public static int Constraint<T>(T value) where T : IUpper => value.GetHashCode();

        public static bool Test(object value) => value is Upper;

        public static Type Name() => typeof(Upper);

        [Upper]
        public static int Attributed() => 0;

        public static int Catch(Func<int> function)
        {
            try
            {
                return function();
            }
            catch (Upper)
            {
                return 0;
            }
        }
    }

    public class ReachingByBase : Upper;

    public class ReachingByInterface : IUpper;

    public class ReachingByConstraint<T> where T : IUpper;

    [Upper]
    public class ReachingByAttribute;

    /// <summary>The lambda is a method of a type that the compiler nests in this one.</summary>
    public static class Hidden
    {
        public static int Lambda(int[] values) => values.Count(value => value > Upper.Count);
    }
}
