import { combinationScenes, combinations } from './combinations';
const s = combinationScenes(); const c = combinations();
for (const i of [0]) { console.log(c[i]); console.log(JSON.stringify(s[i].account, null, 1).slice(0, 12000)); }
