use crate::support::*;
use squad_sandbox::*;
#[tokio::test]
async fn measure() {
    let t = std::time::Instant::now();
    let s = sandbox();
    println!("discover {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let room = room_in(&s, |_| {}).await;
    println!("prepare {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let mut all = vec![];
    for _ in 0..40 {
        all.push(room.run("true").await.duration);
    }
    all.sort();
    println!("true median {:?} max {:?} total {:?}", all[20], all[39], t.elapsed());
    println!("{}", room.ok("env; mount | wc -l; ls -la / /root /dev /etc ~ ; python3 --version; cargo --version; node --version; npm --version; git --version; nproc; free -m").await);
    let _ = ExitStatus::TimedOut;
}
