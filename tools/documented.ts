/** Checks that every public type, member and parameter has a docstring. Users read them in editors and on Construct Hub. */
import type { Assembly, Member, Type } from './assembly';
import { check, Check } from './checks';

export function documented(assembly: Assembly): Check[] {
  const types = Object.values(assembly.types);
  return [
    check('every public type and member has a docstring', types.flatMap(undocumented), 'Write a docstring whose first sentence says what it is.'),
    check('every parameter has a description', types.flatMap(withoutParameters), 'Write a `@param` tag.'),
    check('every optional property has a default', types.flatMap(withoutDefault), 'Write a `@default` tag with the value, or with `- ` and a description.'),
    check('no required property has a default', types.flatMap(withNeedlessDefault), 'Remove the `@default` tag, or make the property optional.'),
  ];
}

function undocumented(type: Type): string[] {
  const members = [...type.properties ?? [], ...type.methods ?? [], ...type.members ?? []];
  return [
    ...type.docs?.summary ? [] : [`${where(type)} ${type.name} has no docstring`],
    ...members.filter(({ docs }) => !docs?.summary).map(member => `${where(type, member)} ${type.name}.${member.name} has no docstring`),
  ];
}

/** Includes the parameters of the constructor. */
function withoutParameters(type: Type): string[] {
  return [...type.initializer ? [{ ...type.initializer, name: 'constructor' }] : [], ...type.methods ?? []].flatMap(method =>
    (method.parameters ?? []).filter(({ docs }) => !docs?.summary).map(({ name }) => `${where(type, method)} ${type.name}.${method.name} has no description of ${name}`));
}

function withoutDefault(type: Type): string[] {
  return props(type).filter(({ optional, docs }) => optional && !docs?.default).map(prop => `${where(type, prop)} ${type.name}.${prop.name} has no default`);
}

function withNeedlessDefault(type: Type): string[] {
  return props(type).filter(({ optional, docs }) => !optional && docs?.default)
    .map(prop => `${where(type, prop)} ${type.name}.${prop.name} is required and has a default`);
}

/** The properties of a struct that users pass. */
function props(type: Type): Member[] {
  return type.datatype ? type.properties ?? [] : [];
}

function where(type: Type, member: Member = type): string {
  const { filename, line } = member.locationInModule ?? type.locationInModule!;
  return `${filename}:${line}`;
}
