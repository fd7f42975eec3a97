import { combinationScenes } from './combinations';
import { isAllowed } from './evaluator';
import { realRequests } from './real';
import { hostileRequests } from './hostile';
const t = Date.now();
const scenes = combinationScenes();
console.log('synth', Date.now() - t, scenes.length);
const bad = new Map<string, string[]>();
for (const s of scenes) for (const r of s.runners) {
  for (const q of [...realRequests(r), ...hostileRequests(r)]) if (isAllowed(s.account, q) !== (q.expected === 'allowed')) {
    const k = `${q.expected} ${q.name} ${q.action}`; bad.set(k, [...bad.get(k) ?? [], s.name]);
  }
}
for (const [k, v] of bad) console.log(v.length, k, v.slice(0, 4).join());
console.log(Date.now() - t);
