import { openLogFiles } from "./src/files/open-log-files.ts";
import { mkdirSync, writeFileSync, appendFileSync, renameSync, rmSync, readFileSync, existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
const root = "/tmp/w/f17b-dbg"; rmSync(root,{recursive:true,force:true});
const dir = root + "/containers/x"; mkdirSync(dir,{recursive:true});
const path = dir + "/x-json.log"; writeFileSync(path,"");
let n=0; let t = Date.now();
const write=(k:number)=>{ let s=""; for(let i=0;i<k;i++){ t+=1; s+=JSON.stringify({log:`line ${n++}\n`,stream:"stdout",time:new Date(t).toISOString().replace("Z","000001Z")})+"\n"; } appendFileSync(path,s); };
const name=(k:number)=>`${path}.${k}`;
function rotate(compress:boolean){ for(let k=4;k>=1;k--){ const older=k===1?path:name(k-1); for(const end of k===1?[""]:["",".gz"]){ if(!existsSync(older+end)) continue; rmSync(name(k),{force:true}); rmSync(name(k)+".gz",{force:true}); renameSync(older+end,name(k)+end);} } writeFileSync(path,""); if(compress){ writeFileSync(name(1)+".gz",gzipSync(readFileSync(name(1)))); rmSync(name(1)); } }
write(50);
const loc={root,path,format:"json-file" as const,tty:false};
const r=await openLogFiles(loc,{type:"start"}); if(!r) throw 1;
let seen=0; const drain=async()=>{ for(;;){ const x=await r.next(); if(x.type==="entries"){ seen+=x.entries.length; } else { if(x.type!=="end") console.log(x); if(x.type==="end"||x.type==="gone") return; } } };
await drain(); console.log(seen,n);
for(let round=0;round<30;round++){ write(50); if(round%2===0) rotate(round%4===0); if(round%3===0) { await drain(); console.log(round,seen,n); } }
await drain(); console.log(seen,n);
await r.close();
const all=await openLogFiles(loc,{type:"start"}); let c=0; for(;;){ const x=await all!.next(); if(x.type==="entries") c+=x.entries.length; else if(x.type!=="hole") break; else console.log(x) } console.log("all",c); await all!.close();
