//! The client of the README.

use multiserver_tokio::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    block_on(async {
        let suite = Net::dial_only().then(Shs::new(generate_identity()?));
        let multiserver = Multiserver::builder().suite(suite).build()?;
        let address = "net:wx.larpa.net:8008~shs:DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=".parse()?;
        let mut connection = multiserver.connect(&address).await?; // The peer has proven its key.
        connection.write_all(b"hello").await?;
        connection.close().await?; // Says goodbye; what the peer still sends can be read.
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await?; // An end without the peer's goodbye is an error.
        Ok(())
    })
}
