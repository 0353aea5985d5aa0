//! A cable between an agent and the server, which a test can cut and mend.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The cable.
pub(crate) struct Relay {
    address: SocketAddr,
    /// False: cut. Every change ends the connections there are.
    whole: watch::Sender<bool>,
}

impl Relay {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let whole = watch::Sender::new(true);
        let state = whole.subscribe();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mut state = state.clone();
                if *state.borrow_and_update() {
                    tokio::spawn(carry(near, server, state));
                }
            }
        });
        Self { address, whole }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, server: SocketAddr, mut state: watch::Receiver<bool>) {
    let Ok(mut far) = TcpStream::connect(server).await else {
        return;
    };
    tokio::select! {
        // Whichever side hangs up first, the other learns it.
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        _ = state.changed() => {}
    }
}
