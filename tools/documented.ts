/** Whether everything that is public says what it is: what users of four languages read in their editors and on Construct Hub. */
import type { Assembly, Member, Type } from './assembly';
import { check, Check } from './checks';

export function documented(assembly: Assembly): Check[] {
  const types = Object.values(assembly.types);
  return [
    check('every public type and member says what it is', types.flatMap(undocumented), 'Write a docstring: a first sentence that says what it is.'),
    check('every parameter says what it is', types.flatMap(withoutParameters), 'Write a `@param` for it.'),
    check('every optional property says what it is without it', types.flatMap(withoutDefault), 'Write a `@default`: the value, or `- ` and words.'),
    check('no required property has a default', types.flatMap(withNeedlessDefault), 'Take the `@default` away, or make it optional.'),
  ];
}

function undocumented(type: Type): string[] {
  const members = [...type.properties ?? [], ...type.methods ?? [], ...type.members ?? []];
  return [
    ...type.docs?.summary ? [] : [`${where(type)} ${type.name} has no docstring`],
    ...members.filter(({ docs }) => !docs?.summary).map(member => `${where(type, member)} ${type.name}.${member.name} has no docstring`),
  ];
}

/** A constructor's count too. */
function withoutParameters(type: Type): string[] {
  return [...type.initializer ? [{ ...type.initializer, name: 'constructor' }] : [], ...type.methods ?? []].flatMap(method =>
    (method.parameters ?? []).filter(({ docs }) => !docs?.summary).map(({ name }) => `${where(type, method)} ${type.name}.${method.name} says nothing of ${name}`));
}

function withoutDefault(type: Type): string[] {
  return props(type).filter(({ optional, docs }) => optional && !docs?.default).map(prop => `${where(type, prop)} ${type.name}.${prop.name} has no default`);
}

function withNeedlessDefault(type: Type): string[] {
  return props(type).filter(({ optional, docs }) => !optional && docs?.default)
    .map(prop => `${where(type, prop)} ${type.name}.${prop.name} is required and has a default`);
}

/** The properties of a struct: what users give. */
function props(type: Type): Member[] {
  return type.datatype ? type.properties ?? [] : [];
}

function where(type: Type, member: Member = type): string {
  const { filename, line } = member.locationInModule ?? type.locationInModule!;
  return `${filename}:${line}`;
}
