use std::{sync::Arc, time::Instant};
use crate::{machine::Machine, real::{RealMachine, on_real_machine}, requests::{DEAF, Wanted}};
use wlagent::observed::ContainerState;

fn names() -> Vec<&'static str> { (0..20).map(|n| &*Box::leak(format!("web-{n}").into_boxed_str())).collect() }

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speed() {
    on_real_machine("speed", |machine: Arc<RealMachine>| async move {
        let p = machine.podman();
        let t = Instant::now(); p.make_network().await.unwrap(); println!("network {:?}", t.elapsed());
        for w in names().into_iter().take(4) {
            let w = Wanted::new(machine.fleet(), &DEAF).replica(w);
            let t = Instant::now(); p.make_pod(&w.pod()).await.unwrap(); let a = t.elapsed();
            let t = Instant::now(); p.run_container(&w.run()).await.unwrap(); println!("pod {a:?} first run {:?}", t.elapsed());
            let t = Instant::now(); p.observe().await.unwrap(); let o=t.elapsed();
            let t = Instant::now(); p.observe().await.unwrap(); println!("observe {o:?} {:?}", t.elapsed());
        }
        // react
        let mut w = Wanted::new(machine.fleet(), &DEAF);
        for n in 0..12 {
            tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
            while tokio::time::timeout(std::time::Duration::from_millis(300), p.changes().notified()).await.is_ok() { p.observe().await.unwrap(); }
            let t = Instant::now();
            machine.kill(&w.name()).await.unwrap();
            let killed = t.elapsed();
            let mut looks = 0;
            loop {
                p.changes().notified().await;
                looks += 1;
                let o = p.observe().await.unwrap();
                let c = o.pods.iter().flat_map(|p| &p.containers).find(|c| c.name == w.name()).unwrap();
                if matches!(c.state, ContainerState::Exited{..}) { break }
            }
            let seen = t.elapsed();
            let old = w.name();
            w = w.attempt(n + 1);
            p.run_container(&w.run()).await.unwrap();
            let ran = t.elapsed();
            let t2 = Instant::now(); p.remove_container(&old).await.unwrap();
            println!("killed {killed:?} seen {seen:?} looks {looks} again {ran:?} remove {:?}", t2.elapsed());
        }
        for w in names() { let w = Wanted::new(machine.fleet(), &DEAF).replica(w); let t=Instant::now(); p.remove_pod(&w.pod_name()).await.unwrap(); if w.replica=="web-1" {println!("remove pod {:?}", t.elapsed());} }
        for round in 0..2 { for c in [1usize,2,3,4,8,16,20] {
            let ws: Vec<_> = names().into_iter().map(|w| Wanted::new(machine.fleet(), &DEAF).replica(w)).collect();
            let t = Instant::now();
            let sem = Arc::new(tokio::sync::Semaphore::new(c)); let mut set = tokio::task::JoinSet::new();
            for w in ws.clone() { let (sem, m) = (sem.clone(), machine.clone()); set.spawn(async move { let _g = sem.acquire().await.unwrap(); m.podman().make_pod(&w.pod()).await.unwrap(); m.podman().run_container(&w.run()).await.unwrap(); }); }
            while let Some(r) = set.join_next().await { r.unwrap() }
            let up = t.elapsed();
            let t = Instant::now(); p.observe().await.unwrap(); let o = t.elapsed(); let t = Instant::now(); p.observe().await.unwrap(); let o2 = t.elapsed();
            let t = Instant::now();
            let sem = Arc::new(tokio::sync::Semaphore::new(4)); let mut set = tokio::task::JoinSet::new();
            for w in ws.clone() { let (sem, m) = (sem.clone(), machine.clone()); set.spawn(async move { let _g = sem.acquire().await.unwrap(); m.podman().remove_pod(&w.pod_name()).await.unwrap(); }); }
            while let Some(r) = set.join_next().await { r.unwrap() }
            println!("round {round} concurrency {c}: {up:?}  observe {o:?} {o2:?} remove(4) {:?}", t.elapsed());
        }}
    }).await;
}
