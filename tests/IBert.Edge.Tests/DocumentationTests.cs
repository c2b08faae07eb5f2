// Every public member says what it is: a summary, each parameter, what it returns.
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using IBert.Edge.Quantization;
using Xunit;

namespace IBert.Edge.Tests;

public sealed class DocumentationTests
{
    [Theory]
    [InlineData(typeof(Classifier))]
    [InlineData(typeof(Quantizer))]
    public void Every_public_member_is_documented(Type of)
    {
        Assembly assembly = of.Assembly;
        Dictionary<string, XElement> documented = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(member => (string)member.Attribute("name")!);
        List<string> missing = [];
        int members = 0;
        foreach (Type type in assembly.GetExportedTypes())
        {
            Check($"T:{Name(type)}");
            foreach (MemberInfo member in type.GetMembers(
                BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
            {
                // A record's parameters document its properties; a default constructor says nothing.
                if (member.IsDefined(typeof(CompilerGeneratedAttribute))
                    || member is MethodInfo { IsSpecialName: true, Name: not ("op_Equality" or "op_Inequality") }
                    || member is Type || (member is ConstructorInfo constructor && constructor.GetParameters().Length == 0))
                {
                    continue;
                }
                switch (member)
                {
                    case PropertyInfo property when type.IsDefined(typeof(IsReadOnlyAttribute)) && IsRecordParameter(type, property.Name):
                        break;
                    case PropertyInfo property:
                        Check($"P:{Name(type)}.{property.Name}");
                        break;
                    case FieldInfo { IsSpecialName: true }:
                        break;
                    case FieldInfo field:
                        Check($"F:{Name(type)}.{field.Name}");
                        break;
                    case MethodBase method when !IsRecordConstructor(method):
                        XElement? text = Check($"M:{Name(type)}.{(method.IsConstructor ? "#ctor" : method.Name)}{Parameters(method)}");
                        if (text is not null && text.Element("inheritdoc") is null && !method.IsSpecialName)
                        {
                            foreach (ParameterInfo parameter in method.GetParameters())
                            {
                                Require(text.Elements("param").Any(p => (string)p.Attribute("name")! == parameter.Name
                                    && p.Value.Length > 0), $"{type.Name}.{method.Name}({parameter.Name})");
                            }
                        }
                        break;
                }
            }
        }
        Assert.Empty(missing);
        Assert.True(members > 20, $"only {members} members were found");

        XElement? Check(string id)
        {
            members++;
            XElement? text = documented.GetValueOrDefault(id);
            Require(text is not null && (text.Element("inheritdoc") is not null
                || !string.IsNullOrWhiteSpace(text.Element("summary")?.Value)), id);
            return text;
        }

        void Require(bool holds, string what)
        {
            if (!holds)
            {
                missing.Add(what);
            }
        }
    }

    /// <summary>A positional record's parameter.</summary>
    private static bool IsRecordParameter(Type type, string name) =>
        type.GetConstructors()
            .Any(constructor => IsRecordConstructor(constructor) && constructor.GetParameters().Any(parameter => parameter.Name == name));

    private static bool IsRecordConstructor(MethodBase method) =>
        method.IsConstructor && method.DeclaringType!.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is not null;

    private static string Parameters(MethodBase method) =>
        method.GetParameters() is { Length: > 0 } parameters
            ? $"({string.Join(',', parameters.Select(parameter => Name(parameter.ParameterType)))})"
            : "";

    /// <summary>A type's name as documentation files have it.</summary>
    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!) + "@";
        }
        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }
        if (type.IsGenericType)
        {
            Type definition = type.GetGenericTypeDefinition();
            string name = definition.FullName![..definition.FullName!.IndexOf('`')].Replace('+', '.');
            return $"{name}{{{string.Join(',', type.GetGenericArguments().Select(Name))}}}";
        }
        return type.FullName!.Replace('+', '.');
    }
}
